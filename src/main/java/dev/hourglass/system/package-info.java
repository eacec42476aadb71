/** What the operating system tells about the machine. */
package dev.hourglass.system;
