package dev.hourglass.bench.peer;

import dev.hourglass.UNet;

/** Something that can run TinyUNet. */
public interface Engine {

    /** Its name in tables. */
    String name();

    /** Versions and settings, for the head of the report. */
    String details();

    /**
     * Makes a job ready to run, with a copy of the model's weights.
     *
     * @param model is not changed
     */
    Work prepare(Job job, UNet model, Example example);

    /** A job that is ready to run. */
    interface Work extends AutoCloseable {

        /** One forward pass or one training step, finished when the method returns. */
        void run();

        /** What the last run gave: the prediction {@code [N, 1, H, W]}, or the loss as the only element. */
        float[] result();

        @Override
        void close();
    }
}
