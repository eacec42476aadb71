/**
 * The arithmetic: one interface per operation family, forward and backward side by side, each with two twins. {@code kernel.scalar}
 * is the readable specification and the fallback, {@code kernel.vector} the fast one. Kernels take native memory segments and numbers;
 * they allocate nothing, start no threads and know no graph. Vector kernels refuse heap segments, but trust sizes unless
 * {@code -Dhourglass.checked=true} is set. Images are {@code [N, H, W, C]}.
 *
 * <p>Where a method takes {@code from} and {@code to} it works on that half-open range only, so that callers can split the work; the
 * result for an element never depends on the split. Where it takes {@code accumulate} it adds to what is there instead of replacing
 * it, which is how gradients of a value with several readers add up.
 */
package dev.hourglass.kernel;
