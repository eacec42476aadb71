/** What several tests share and nothing else uses. */
package dev.hourglass.testing;
