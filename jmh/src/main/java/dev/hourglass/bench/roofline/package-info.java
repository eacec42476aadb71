/** Each kernel family beside what the processor and its memory allow. */
package dev.hourglass.bench.roofline;
