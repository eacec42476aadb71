package dev.hourglass.cli;

import dev.hourglass.Sampler;
import dev.hourglass.diffusion.DenoisingLoop;

/** The progress bar of sampling, which says how many steps a batch has when it starts. */
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
    public void at(int first, int present, int level, DenoisingLoop loop) {
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
