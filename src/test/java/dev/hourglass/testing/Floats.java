package dev.hourglass.testing;

import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Tensors of random numbers, and differences between arrays. */
public final class Floats {

    private static final List<Slab> OPEN = new ArrayList<>();

    private Floats() {}

    /** Gives the memory of all tensors back; for tests that make many. */
    public static void release() {
        OPEN.forEach(Slab::close);
        OPEN.clear();
    }

    /** Uniform numbers between -1 and 1. */
    public static float[] random(long seed, long count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[Math.toIntExact(count)];
        for (int k = 0; k < values.length; k++) {
            values[k] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    /** A tensor in a slab of its own, which {@link #release} gives back. */
    public static Tensor tensor(float... values) {
        Slab slab = Slab.open("test", values.length * 4L);
        OPEN.add(slab);
        return slab.tensor(0, Shape.of(values.length)).copyFrom(values);
    }

    /** The largest difference. */
    public static double maxError(float[] found, float[] expected) {
        double worst = 0;
        for (int k = 0; k < expected.length; k++) {
            double error = Math.abs((double) found[k] - expected[k]);
            worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
        }
        return worst;
    }

    /** The largest magnitude. */
    public static double maxAbs(float[] values) {
        return maxError(values, new float[values.length]);
    }

    /** Every value times a factor. */
    public static float[] scaled(float[] values, float factor) {
        float[] scaled = values.clone();
        for (int k = 0; k < scaled.length; k++) {
            scaled[k] *= factor;
        }
        return scaled;
    }

    /** The Euclidean norm. */
    public static double norm(float[] values) {
        return Math.sqrt(dot(values, values));
    }

    /** The norm of the difference over the norm of what was expected. */
    public static double relativeError(float[] found, float[] expected) {
        return distance(found, expected) / norm(expected);
    }

    /** The norm of the difference. */
    public static double distance(float[] found, float[] expected) {
        double sum = 0;
        for (int k = 0; k < expected.length; k++) {
            sum += Math.pow((double) found[k] - expected[k], 2);
        }
        return Math.sqrt(sum);
    }

    /** The inner product, in double. */
    public static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += (double) a[k] * b[k];
        }
        return sum;
    }
}
