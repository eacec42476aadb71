/** Single layers in this library and in native engines, timed in turns, and what the processor could do at best. */
package dev.hourglass.bench.layer;
