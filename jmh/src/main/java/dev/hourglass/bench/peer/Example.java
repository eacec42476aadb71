package dev.hourglass.bench.peer;

import java.util.Arrays;
import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * The data of a job, the same for every engine: noise as images and targets.
 *
 * @param sample {@code [N, C, H, W]}
 * @param timesteps {@code [N]}, whole numbers from 0 to 999
 * @param target {@code [N, C, H, W]}
 */
record Example(float[] sample, float[] timesteps, float[] target) {

    static Example of(Job job) {
        RandomGenerator random = new Random(1);
        float[] timesteps = new float[job.batch()];
        for (int n = 0; n < timesteps.length; n++) {
            timesteps[n] = random.nextInt(1000);
        }
        int values = Arrays.stream(job.images()).reduce(1, Math::multiplyExact);
        return new Example(normals(random, values), timesteps, normals(random, values));
    }

    private static float[] normals(RandomGenerator random, int count) {
        float[] values = new float[count];
        for (int k = 0; k < count; k++) {
            values[k] = (float) random.nextGaussian();
        }
        return values;
    }
}
