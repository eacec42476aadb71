package dev.hourglass.train;

import java.util.Arrays;

/** The loss of every step of a run. */
public final class LossHistory {

    private float[] losses = new float[1024];
    private int count;

    /** An empty history. */
    public LossHistory() {}

    /** Adds the next step's loss. */
    public void add(float loss) {
        if (count == losses.length) {
            losses = Arrays.copyOf(losses, 2 * count);
        }
        losses[count++] = loss;
    }

    /** How many steps there are. */
    public int count() {
        return count;
    }

    /** The losses, step by step. */
    public float[] losses() {
        return Arrays.copyOf(losses, count);
    }

    /** The mean of the last {@code window} losses, or of as many as there are; NaN when there are none. */
    public double recent(int window) {
        return mean(Math.max(0, count - window), count);
    }

    /** The mean of the losses around every step, up to {@code reach} to either side. */
    public double[] smoothed(int reach) {
        double[] means = new double[count];
        for (int k = 0; k < count; k++) {
            // As far to the left as to the right, or the ends would lean on the middle.
            int side = Math.min(reach, Math.min(k, count - 1 - k));
            means[k] = mean(k - side, k + side + 1);
        }
        return means;
    }

    private double mean(int from, int to) {
        double sum = 0;
        for (int k = from; k < to; k++) {
            sum += losses[k];
        }
        return sum / (to - from);
    }
}
