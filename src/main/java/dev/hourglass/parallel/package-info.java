/** A fixed pool of worker threads. The split of work never depends on how many there are. */
package dev.hourglass.parallel;
