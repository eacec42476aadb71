/** ND4J's side of the benchmarks of single layers. */
package dev.hourglass.bench.nd4j;
