package dev.hourglass.kernel;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.scalar.ScalarConv2d;
import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.kernel.vector.VectorConv2d;
import dev.hourglass.kernel.vector.VectorKernels;

/**
 * Chooses between the twins, once, and says why. The vector twins need {@code jdk.incubator.vector}, HotSpot's C2 compiler, without
 * which the Vector API allocates a box for every vector, and hardware FMA, without which {@code fma} is thousands of times slower.
 */
public final class Backend {

    /** The system property that sets the vector width in bits; 0 asks for the scalar twins. */
    public static final String BITS_PROPERTY = "hourglass.vector.bits";

    private static final Kernels CHOSEN = choose();
    private static final Kernels EXACT = CHOSEN.withConv2d(convolution(WeightFormat.FLOAT32));

    private Backend() {}

    /** The kernels of this process. */
    public static Kernels kernels() {
        return CHOSEN;
    }

    /**
     * The kernels of this process.
     *
     * @param exact whether convolutions only add up products, rounded as in the plain loop: no Winograd
     */
    public static Kernels kernels(boolean exact) {
        return exact ? EXACT : CHOSEN;
    }

    /**
     * The kernels of this process.
     *
     * @param exact whether convolutions only add up products, rounded as in the plain loop: no Winograd
     * @param weights what the weights of convolutions and linear layers are packed in; in 16 bits all of these are sums of products,
     *     equal to the exact ones on rounded weights
     */
    public static Kernels kernels(boolean exact, WeightFormat weights) {
        return weights == WeightFormat.FLOAT32 ? kernels(exact) : CHOSEN.withConv2d(convolution(weights));
    }

    private static Conv2d convolution(WeightFormat weights) {
        return CHOSEN.bits() == 0 ? new ScalarConv2d(weights) : VectorConv2d.exact(weights);
    }

    private static Kernels choose() {
        String bits = System.getProperty(BITS_PROPERTY);
        if (bits != null && !bits.matches("0|128|256|512")) {
            throw HourglassException.what("not a vector width")
                    .where("-D" + BITS_PROPERTY)
                    .expected("128, 256, 512, or 0 for scalar")
                    .found(bits)
                    .build();
        }
        if ("0".equals(bits)) {
            return ScalarKernels.create("scalar kernels: -D" + BITS_PROPERTY + "=0");
        }
        String obstacle = VirtualMachine.obstacleToVectors();
        return obstacle == null ? VectorKernels.create() : ScalarKernels.create("scalar kernels: " + obstacle);
    }
}
