package dev.hourglass.bench.peer;

import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * The data of a job, the same for every engine: noise as images and targets.
 *
 * @param sample {@code [N, 1, H, W]}
 * @param timesteps {@code [N]}, whole numbers from 0 to 999
 * @param target {@code [N, 1, H, W]}
 */
record Example(float[] sample, float[] timesteps, float[] target) {

    static Example of(int batch) {
        RandomGenerator random = new Random(1);
        float[] timesteps = new float[batch];
        for (int n = 0; n < batch; n++) {
            timesteps[n] = random.nextInt(1000);
        }
        int pixels = batch * Job.SIDE * Job.SIDE;
        return new Example(normals(random, pixels), timesteps, normals(random, pixels));
    }

    private static float[] normals(RandomGenerator random, int count) {
        float[] values = new float[count];
        for (int k = 0; k < count; k++) {
            values[k] = (float) random.nextGaussian();
        }
        return values;
    }
}
