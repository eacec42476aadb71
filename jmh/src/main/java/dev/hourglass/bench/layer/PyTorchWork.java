package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.PyTorchTensors;
import dev.hourglass.bench.peer.Work;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;

/** One operation of PyTorch in inference mode; the output lives until the next run. */
abstract class PyTorchWork implements Work {

    private Tensor y;

    /** The operation. */
    abstract Tensor compute();

    @Override
    public final void run() {
        if (y != null) {
            y.close();
        }
        try (InferenceMode _ = new InferenceMode(true)) {
            y = compute();
        }
    }

    @Override
    public final float[] result() {
        return PyTorchTensors.values(y);
    }

    @Override
    public void close() {
        if (y != null) {
            y.close();
        }
    }
}
