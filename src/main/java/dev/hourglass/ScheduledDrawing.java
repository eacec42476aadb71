package dev.hourglass;

import dev.hourglass.diffusion.ScheduledSampler;
import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.unet.UNet2D;

/** Draws images with any scheduler, of classes and with guidance. Image number k does not depend on the batch or the threads. */
public final class ScheduledDrawing {

    private ScheduledDrawing() {}

    /**
     * Draws images 0 to {@code count}, exclusive.
     *
     * @param batch images drawn at a time
     * @param exact see {@link SessionOptions#exact}
     * @param watcher told how many of the scheduler's steps are left, which need not be as many as the options say
     * @return {@code [N, H, W, C]}, of the model's own size
     * @throws HourglassException when the scheduler does not suit the model, or a class is missing
     */
    public static float[] sample(
            UNet model,
            SamplingOptions options,
            int count,
            int batch,
            long seed,
            int threads,
            boolean exact,
            Sampler.Watcher watcher) {
        ImageSize size = model.sampleSize();
        int channels = model.architecture().inChannels();
        Shape shape = Shape.of(batch, size.height(), size.width(), channels);
        int asked = options.guided() ? 2 * batch : batch;
        SessionOptions compiled =
                SessionOptions.of(asked, size.height(), size.width()).withThreads(threads);
        try (Session session = model.session(compiled.withExact(exact));
                Scheduler scheduler =
                        Schedulers.open(options.scheduler(), options.steps(), shape, Backend.kernels(exact))) {
            requireFit(model, scheduler);
            options.image().ifPresent(image -> image.requireFit(shape));
            try (ScheduledSampler sampler = new ScheduledSampler(
                    scheduler, session.denoiser(), shape, options.guidance(), Backend.kernels(exact), seed)) {
                options.image().ifPresent(image -> {
                    int step = scheduler.beginAfter(image.skipped(options.steps()));
                    sampler.from(image.pixels(), step, image.repaint());
                });
                return Drawing.images(sampler, count, first -> setClasses(session, options, first, batch), watcher);
            }
        }
    }

    private static void requireFit(UNet model, Scheduler scheduler) {
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

    /** With guidance, the first half of the batch is asked without the class. */
    private static void setClasses(Session session, SamplingOptions options, int first, int batch) {
        if (options.classes().isEmpty()) {
            return;
        }
        int without = options.guided() ? batch : 0;
        float[] labels = new float[without + batch];
        for (int n = 0; n < batch; n++) {
            labels[without + n] =
                    options.classes().get((first + n) % options.classes().size());
            if (options.guided()) {
                labels[n] = options.nullClass();
            }
        }
        session.condition(UNet2D.CLASS_LABELS, labels);
    }
}
