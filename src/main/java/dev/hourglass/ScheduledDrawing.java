package dev.hourglass;

import dev.hourglass.diffusion.ScheduledSampler;
import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.unet.Architecture;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.function.IntConsumer;

/** Draws images with any scheduler, of what a prompt says and with guidance. Image number k does not depend on the batch or the threads. */
public final class ScheduledDrawing {

    private ScheduledDrawing() {}

    /**
     * Draws images 0 to {@code count}, exclusive.
     *
     * @param batch images drawn at a time
     * @param arithmetic which algorithms run, and what weights are packed in
     * @param watcher told how many of the scheduler's steps are left, which need not be as many as the options say
     * @return {@code [N, H, W, C]}, of the model's own size
     * @throws HourglassException when scheduler, prompt or picture do not suit the model
     */
    public static float[] sample(
            UNet model,
            SamplingOptions options,
            int count,
            int batch,
            long seed,
            int threads,
            Arithmetic arithmetic,
            Sampler.Watcher watcher) {
        ImageSize size = model.sampleSize();
        int channels = model.architecture().inChannels();
        Shape shape = Shape.of(batch, size.height(), size.width(), channels);
        int asked = options.guided() ? 2 * batch : batch;
        Kernels kernels = arithmetic.kernels();
        SessionOptions compiled = SessionOptions.of(asked, size.height(), size.width())
                .withThreads(threads)
                .withArithmetic(arithmetic)
                .withTokens(options.prompt().tokens(model.architecture(), options.guided()));
        try (Session session = model.session(compiled);
                Scheduler scheduler = Schedulers.open(scheduler(model, options), options.steps(), shape, kernels)) {
            requireFit(model, scheduler);
            IntConsumer tell =
                    options.prompt().into(model.architecture(), session, options.guided(), kernels.elementwise());
            options.image().ifPresent(image -> image.requireFit(shape));
            try (ScheduledSampler sampler =
                    new ScheduledSampler(scheduler, session.denoiser(), shape, options.guidance(), kernels, seed)) {
                options.image().ifPresent(image -> {
                    int step = scheduler.beginAfter(image.skipped(options.steps()));
                    sampler.from(image.pixels(), step, image.repaint(), image.resampling());
                });
                return Drawing.images(sampler, count, tell, watcher);
            }
        }
    }

    private static ModelConfig scheduler(UNet model, SamplingOptions options) {
        Architecture architecture = model.architecture();
        return architecture.outChannels() == 2 * architecture.inChannels()
                ? Schedulers.withVariances(options.scheduler())
                : options.scheduler();
    }

    private static void requireFit(UNet model, Scheduler scheduler) {
        DoubleSummaryStatistics timesteps = Arrays.stream(scheduler.timesteps()).summaryStatistics();
        model.architecture().requireTimesteps(timesteps.getMin(), timesteps.getMax());
        int made = model.architecture().outChannels();
        int wanted = scheduler.outputShape().dim(3);
        if (made != wanted && made != 2 * wanted) {
            throw HourglassException.what("the model's output does not suit the scheduler")
                    .where(model.architecture().className())
                    .expected(wanted + " channels, or twice as many where the variance is learned")
                    .found(made)
                    .build();
        }
    }
}
