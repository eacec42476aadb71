/** Benchmarks: each kernel family in both twins, the network as a whole, and native peers timed in the same run. */
package dev.hourglass.bench;
