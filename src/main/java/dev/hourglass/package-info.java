/** U-Nets for the JVM: what an application that embeds Hourglass sees. */
package dev.hourglass;
