package dev.hourglass.kernel;

import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.kernel.vector.VectorConv2d;
import dev.hourglass.kernel.vector.VectorKernels;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The kernels under test. */
final class Twins {

    private Twins() {}

    static Kernels scalar() {
        return ScalarKernels.create("the oracle");
    }

    /** Skips the test where this process has no vector kernels. */
    static Kernels vector() {
        Assumptions.assumeTrue(
                hasVectors(), "no vector twins: jdk.incubator.vector is absent or hourglass.vector.bits is 0");
        return VectorKernels.create();
    }

    /** Every algorithm of the vector twin's convolution, each wherever it can be used. */
    static List<Conv2d> convolutions() {
        return List.of(
                VectorConv2d.exact(),
                VectorConv2d.exact(WeightFormat.BFLOAT16),
                VectorConv2d.exact(WeightFormat.FLOAT16),
                VectorConv2d.winograd(2),
                VectorConv2d.winograd(4));
    }

    /** The twins that this process has, at least the scalar one. */
    static List<Kernels> all() {
        return hasVectors() ? List.of(scalar(), VectorKernels.create()) : List.of(scalar());
    }

    private static boolean hasVectors() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                && !"0".equals(System.getProperty(Backend.BITS_PROPERTY));
    }
}
