package dev.hourglass.train;

import dev.hourglass.diffusion.Streams;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Philox;

/**
 * Which images each step sees: every epoch goes through all images in a fresh random order, in whole batches; what does not fill the
 * last batch sits the epoch out. A function of the seed and the step, so training can go on anywhere.
 */
final class BatchOrder {

    private final int[] order;
    private final int batch;
    private final long seed;
    private long epoch = -1;

    BatchOrder(int images, int batch, long seed) {
        if (images < batch) {
            throw HourglassException.what("there are fewer images than one batch takes")
                    .expected("at least " + batch + " images")
                    .found(images)
                    .mend("use a smaller batch or more images")
                    .build();
        }
        order = new int[images];
        this.batch = batch;
        this.seed = seed;
    }

    long stepsPerEpoch() {
        return order.length / batch;
    }

    /** The image in slot {@code slot} of step {@code step}. */
    int image(long step, int slot) {
        long wanted = step / stepsPerEpoch();
        if (wanted != epoch) {
            shuffle(wanted);
        }
        return order[(int) (step % stepsPerEpoch()) * batch + slot];
    }

    /** Fisher and Yates. */
    private void shuffle(long epoch) {
        this.epoch = epoch;
        for (int k = 0; k < order.length; k++) {
            order[k] = k;
        }
        for (int k = order.length - 1; k > 0; k--) {
            int other = Philox.below(seed, Streams.shuffle(epoch), k, k + 1);
            int kept = order[k];
            order[k] = order[other];
            order[other] = kept;
        }
    }
}
