package dev.hourglass;

import dev.hourglass.io.AtomicFiles;
import dev.hourglass.train.Checkpoint;
import dev.hourglass.train.Trainer;
import java.nio.file.Path;

/** The training loop with its files: a model folder that can be opened at any time, and a state to go on from. */
public final class TrainingRun {

    /** The most steps that a crash can cost. */
    public static final long SAVE_EVERY = 500;

    private TrainingRun() {}

    /** Told after every step. */
    @FunctionalInterface
    public interface Listener {

        /**
         * Called after each step.
         *
         * @param step steps taken, this one included
         * @param loss the loss of its batch
         */
        void afterStep(long step, float loss);
    }

    /**
     * Trains until the trainer's options are fulfilled; a trainer that was resumed goes on from where it was. The model, with its
     * averaged weights where there are any, and the state are saved after every epoch, every {@link #SAVE_EVERY} steps, and at the
     * end.
     *
     * @throws dev.hourglass.error.HourglassException when the folder cannot be written, which is checked first, or training diverges
     */
    public static void run(UNet model, Trainer trainer, Path folder, Listener listener) {
        AtomicFiles.requireWritableFolder(folder);
        long total = trainer.options().steps();
        while (trainer.steps() < total) {
            float loss = trainer.step();
            long step = trainer.steps();
            listener.afterStep(step, loss);
            if (step % SAVE_EVERY == 0 || step % trainer.stepsPerEpoch() == 0 || step == total) {
                model.save(folder, trainer.bestWeights());
                Checkpoint.write(folder, trainer);
            }
        }
    }
}
