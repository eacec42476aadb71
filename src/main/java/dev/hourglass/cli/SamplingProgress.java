package dev.hourglass.cli;

import dev.hourglass.Sampler;
import dev.hourglass.memory.Tensor;

/** The progress bar of sampling with a scheduler, which says how many steps it has when it starts. */
final class SamplingProgress implements Sampler.Watcher, AutoCloseable {

    private final Terminal terminal;
    private final int batches;
    private int steps;
    private long done;
    private Progress progress;

    SamplingProgress(Terminal terminal, int batches) {
        this.terminal = terminal;
        this.batches = batches;
    }

    @Override
    public void at(int first, int present, int level, Tensor images) {
        if (progress == null) {
            steps = level;
            progress = terminal.progress("sampling", "steps", (long) steps * batches);
        }
        if (level < steps) {
            progress.at(++done);
        }
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
