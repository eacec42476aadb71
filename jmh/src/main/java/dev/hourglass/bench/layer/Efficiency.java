package dev.hourglass.bench.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Matrix products and convolutions that tell how close the kernels come to what the processor can do. */
public final class Efficiency {

    private Efficiency() {}

    /**
     * Square and oblong products {@code [M, K] [K, N]} of 0.03 to 17 GFLOP, then 3x3 convolutions of one image, of 0.3 to 1.2 GFLOP, first
     * by the fastest algorithm and then by sums of products.
     */
    public static Map<Layer, Integer> layers() {
        Map<Layer, Integer> layers = new LinkedHashMap<>();
        for (int size : new int[] {256, 512, 1024, 2048}) {
            layers.put(new Layer.Linear(size, size, size), 1);
        }
        layers.put(new Layer.Linear(4096, 256, 256), 1);
        layers.put(new Layer.Linear(256, 1024, 4096), 1);
        layers.put(new Layer.Linear(64, 1024, 1024), 1);
        List<Layer.Convolution> convolutions = List.of(
                new Layer.Convolution(1, 64, 64, 64, 3, 1),
                new Layer.Convolution(1, 64, 128, 128, 3, 1),
                new Layer.Convolution(1, 32, 256, 256, 3, 1),
                new Layer.Convolution(1, 16, 512, 512, 3, 1));
        convolutions.forEach(convolution -> layers.put(convolution, 1));
        convolutions.forEach(convolution -> layers.put(convolution.exactly(), 1));
        return layers;
    }
}
