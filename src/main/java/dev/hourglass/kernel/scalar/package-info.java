/**
 * The scalar twins of the kernels: plain loops with double accumulators. They are the readable specification, the oracle that the
 * vector twins are tested against, and the fallback where the vector module is missing.
 */
package dev.hourglass.kernel.scalar;
