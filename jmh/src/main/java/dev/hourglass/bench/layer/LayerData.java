package dev.hourglass.bench.layer;

import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * Operands of a layer, the same for every engine, of a size that makes outputs about 1.
 *
 * @param x the input in PyTorch's order
 * @param weight the weight in PyTorch's order
 * @param bias one number for each output channel
 */
record LayerData(float[] x, float[] weight, float[] bias) {

    static LayerData of(Layer layer) {
        RandomGenerator random = new Random(1);
        int[] weight = layer.weightShape();
        double depth = (double) Layer.elements(weight) / weight[0];
        return new LayerData(
                normals(random, Layer.elements(layer.inputShape()), 1),
                normals(random, Layer.elements(weight), 1 / Math.sqrt(depth)),
                normals(random, layer.bias(), 1));
    }

    private static float[] normals(RandomGenerator random, long count, double deviation) {
        float[] values = new float[Math.toIntExact(count)];
        for (int k = 0; k < values.length; k++) {
            values[k] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }
}
