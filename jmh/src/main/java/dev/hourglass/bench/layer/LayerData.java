package dev.hourglass.bench.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * Operands of a layer, the same for every engine, of a size that makes outputs about 1.
 *
 * @param inputs the inputs in PyTorch's order
 * @param weight the weight in PyTorch's order
 * @param bias one number for each output channel
 */
record LayerData(List<float[]> inputs, float[] weight, float[] bias) {

    static LayerData of(Layer layer) {
        RandomGenerator random = new Random(1);
        List<float[]> inputs = new ArrayList<>();
        for (int k = 0; k < layer.inputs(); k++) {
            inputs.add(normals(random, Layer.elements(layer.inputShape()), 1));
        }
        int[] weight = layer.weightShape();
        double depth = (double) Layer.elements(weight) / Math.max(weight[0], 1);
        return new LayerData(
                inputs,
                normals(random, Layer.elements(weight), 1 / Math.sqrt(depth)),
                normals(random, layer.bias(), 1));
    }

    /** The only input. */
    float[] x() {
        return inputs.getFirst();
    }

    private static float[] normals(RandomGenerator random, long count, double deviation) {
        float[] values = new float[Math.toIntExact(count)];
        for (int k = 0; k < values.length; k++) {
            values[k] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }
}
