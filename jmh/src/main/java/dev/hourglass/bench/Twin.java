package dev.hourglass.bench;

import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.kernel.scalar.ScalarConv2d;
import dev.hourglass.kernel.scalar.ScalarKernels;

/** The implementation that a benchmark measures. */
public enum Twin {
    /** The vector twins at the machine's width. */
    VECTOR,
    /** The scalar twins. */
    SCALAR;

    /** The kernels; a machine without vector twins fails here instead of measuring the scalar ones under their name. */
    Kernels kernels() {
        if (this == SCALAR) {
            return ScalarKernels.create("scalar kernels: asked for by a benchmark");
        }
        Kernels kernels = Backend.kernels();
        if (kernels.bits() == 0) {
            throw new IllegalStateException("no vector twins to measure: " + kernels.reason());
        }
        return kernels;
    }

    /** The convolution on weights of a format. */
    Conv2d conv2d(WeightFormat format) {
        if (format == WeightFormat.FLOAT32) {
            return kernels().conv2d();
        }
        return this == SCALAR
                ? new ScalarConv2d(format)
                : Backend.kernels(false, format).conv2d();
    }
}
