/** TinyUNet in this library and in native engines, checked against each other and timed in turns in one process. */
package dev.hourglass.bench.peer;
