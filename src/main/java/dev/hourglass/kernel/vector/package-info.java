/**
 * The vector twins of the kernels, the only package that uses {@code jdk.incubator.vector}. Loops run over whole vectors; what is left
 * at the end is done without masks, which are slow on machines without predication.
 */
package dev.hourglass.kernel.vector;
