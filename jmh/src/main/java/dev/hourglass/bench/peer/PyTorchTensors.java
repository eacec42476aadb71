package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** PyTorch's tensors out of arrays, and back. Whoever gets one closes it. */
public final class PyTorchTensors {

    private static final double PERIOD = 10_000;

    private PyTorchTensors() {}

    /** Values as they come. */
    public static Tensor of(float[] values, int... shape) {
        return Tensor.create(values, Arrays.stream(shape).asLongStream().toArray());
    }

    /** Values in PyTorch's order, in a memory format if they are an image or a kernel; vectors and matrices as they are. */
    public static Tensor of(float[] values, MemoryFormat format, int... shape) {
        Tensor tensor = of(values, shape);
        if (shape.length != 4) {
            return tensor;
        }
        try (tensor;
                MemoryFormatOptional wanted = new MemoryFormatOptional(format)) {
            // clone and not contiguous, which leaves the strides of one-channel kernels in the other format
            return tensor.clone(wanted);
        }
    }

    /**
     * Images. Those of one channel are the same bytes in either format, and keep the strides of the default one: PyTorch's group norm
     * otherwise writes a gradient of the images, which have none, and crashes.
     */
    static Tensor images(float[] values, MemoryFormat format, int... shape) {
        return shape[1] == 1 ? of(values, shape) : of(values, format, shape);
    }

    /** A copy of a weight. */
    static Tensor weight(UNet model, Parameter parameter, MemoryFormat format) {
        return of(
                model.weights().fileOrder(parameter),
                format,
                parameter.fileShape().toArray());
    }

    /** The angles of an encoding of timesteps for timestep 1, half as many as the encoding is wide. */
    static Tensor frequencies(int width) {
        float[] values = new float[width / 2];
        for (int k = 0; k < values.length; k++) {
            values[k] = (float) Math.pow(PERIOD, -(double) k / values.length);
        }
        return of(values, values.length);
    }

    /** The values in PyTorch's order. */
    public static float[] values(Tensor tensor) {
        try (Tensor dense = tensor.contiguous()) {
            FloatBuffer buffer = dense.createBuffer();
            float[] values = new float[buffer.remaining()];
            buffer.get(values);
            return values;
        }
    }
}
