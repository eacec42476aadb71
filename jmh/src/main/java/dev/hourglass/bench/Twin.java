package dev.hourglass.bench;

import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
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
}
