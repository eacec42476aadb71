package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Activation functions beside SiLU, which is one of {@link Elementwise} because it joins the norm before it. {@code from} and {@code to}
 * count elements, or rows for gates. Minus infinity gives 0 or -0 where PyTorch gives NaN.
 */
public interface Activation {

    /** The functions. */
    enum Kind {
        /** {@code max(x, 0)}. */
        RELU,
        /** {@code x * Phi(x)} with the normal distribution {@code Phi}, in terms of erf (arXiv 1606.08415); PyTorch's default. */
        GELU,
        /** {@code x * sigmoid(2u)} for {@code u = sqrt(2 / pi) * (x + 0.044715 x^3)}: GELU in terms of tanh. */
        GELU_TANH,
        /** {@code x * tanh(ln(1 + e^x))} (arXiv 1908.08681). */
        MISH
    }

    /** {@code y = f(x)}; {@code y} may be {@code x}. */
    void values(Kind kind, MemorySegment x, MemorySegment y, long from, long to);

    /** {@code dx (+)= dy * f'(x)}; without {@code accumulate}, {@code dx} may be {@code dy}. */
    void gradient(
            Kind kind, MemorySegment x, MemorySegment dy, MemorySegment dx, boolean accumulate, long from, long to);

    /**
     * GEGLU (arXiv 2002.05202) of rows: {@code y [rows, width] = hidden * gelu(gate)}, where a row of {@code x [rows, 2 * width]} holds
     * the hidden values and then the gate, as in diffusers.
     */
    void geglu(MemorySegment x, MemorySegment y, int width, int from, int to);

    /** Bytes of scratch memory that each worker needs for {@link #gegluGradient}. */
    long gegluWorkspaceBytes();

    /** {@code dhidden (+)= dy * gelu(gate)} and {@code dgate (+)= dy * hidden * gelu'(gate)}, side by side in {@code dx} as in {@code x}. */
    void gegluGradient(
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment workspace,
            int width,
            int from,
            int to);
}
