package dev.hourglass.cli;

import dev.hourglass.Sampler;
import dev.hourglass.UNet;
import dev.hourglass.io.AtomicFiles;
import dev.hourglass.io.Images;
import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass sample}. */
@Command(name = "sample", description = "Draws images and puts them side by side in a PNG file.")
final class SampleCommand implements Callable<Integer> {

    /** Images drawn at a time: more would not be faster, and cost memory. */
    static final int BATCH = 64;

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Parameters(paramLabel = "MODEL_DIR", description = "A model folder.")
    private Path folder;

    @Option(names = "--count", paramLabel = "N", description = "Images to draw (${DEFAULT-VALUE}).")
    private int count = 64;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "The same seed gives the same images (${DEFAULT-VALUE}), whatever the batch.")
    private long seed;

    @Option(names = "--out", paramLabel = "PNG", description = "The file to write (${DEFAULT-VALUE}).")
    private Path out = Path.of("samples.png");

    @Option(names = "--batch", paramLabel = "B", description = "Images drawn at a time (${DEFAULT-VALUE}).")
    private int batch = BATCH;

    @Override
    public Integer call() {
        Common.requireAtLeast("--count", 1, count);
        Common.requireAtLeast("--batch", 1, batch);
        int threads = common.threads();
        AtomicFiles.requireWritable(out);
        try (UNet model = UNet.open(folder);
                Sampler sampler = new Sampler(model, Math.min(batch, count), threads)) {
            Shape shape = sampler.shape(count);
            Pictures.requireDrawable(shape);
            float[] images = sample(hourglass.terminal(), sampler, count, seed, Sampler.Watcher.NONE);
            Images.writePng(out, Pictures.square(images, shape));
            hourglass.terminal().say("%,d images of %s in %s", count, model.sampleSize(), out);
        }
        return 0;
    }

    /** Samples with a progress bar. */
    static float[] sample(Terminal terminal, Sampler sampler, int count, long seed, Sampler.Watcher watcher) {
        try (Progress progress = terminal.progress("sampling", "steps", sampler.steps(count))) {
            return sampler.sample(count, seed, (first, present, level, images) -> {
                watcher.at(first, present, level, images);
                progress.at(sampler.steps(first) + sampler.steps(1) - level);
            });
        }
    }
}
