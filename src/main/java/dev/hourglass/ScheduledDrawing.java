package dev.hourglass;

import dev.hourglass.diffusion.ScheduledSampler;
import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.UNet2D;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Draws images with any scheduler, of classes and with guidance. Image number k does not depend on the batch or the threads. */
public final class ScheduledDrawing {

    private ScheduledDrawing() {}

    /**
     * Draws images 0 to {@code count}, exclusive.
     *
     * @param batch images drawn at a time
     * @param arithmetic which algorithms run, and what weights are packed in
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
            Arithmetic arithmetic,
            Sampler.Watcher watcher) {
        ImageSize size = model.sampleSize();
        int channels = model.architecture().inChannels();
        Shape shape = Shape.of(batch, size.height(), size.width(), channels);
        int asked = options.guided() ? 2 * batch : batch;
        SessionOptions compiled =
                SessionOptions.of(asked, size.height(), size.width()).withThreads(threads);
        try (Session session = model.session(compiled.withArithmetic(arithmetic));
                Scheduler scheduler =
                        Schedulers.open(scheduler(model, options), options.steps(), shape, arithmetic.kernels())) {
            requireFit(model, scheduler);
            options.image().ifPresent(image -> requireFit(shape, image));
            try (ScheduledSampler sampler = new ScheduledSampler(
                    scheduler, session.denoiser(), shape, options.guidance(), arithmetic.kernels(), seed)) {
                int each = Math.toIntExact(shape.elements() / batch);
                float[] images = new float[Math.multiplyExact(count, each)];
                int toDo = begin(sampler, options);
                for (int first = 0; first < count; first += batch) {
                    int present = Math.min(batch, count - first);
                    Tensor x = sampler.images();
                    setClasses(session, options, first, batch);
                    sampler.start(first);
                    watcher.at(first, present, toDo, x);
                    for (int left = toDo - 1; left >= 0; left--) {
                        sampler.step(first, left);
                        watcher.at(first, present, left, x);
                    }
                    MemorySegment.copy(x.segment(), ValueLayout.JAVA_FLOAT, 0, images, first * each, present * each);
                }
                return images;
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

    /** The number of steps to take. */
    private static int begin(ScheduledSampler sampler, SamplingOptions options) {
        if (options.image().isEmpty()) {
            return sampler.steps();
        }
        StartImage image = options.image().get();
        int step = image.firstStep(sampler.steps());
        sampler.from(image.pixels(), step, image.repaint());
        return sampler.steps() - step;
    }

    private static void requireFit(Shape shape, StartImage image) {
        long wanted = shape.elements() / shape.dim(0);
        if (image.length() != wanted || !image.masks(wanted / shape.dim(3))) {
            throw HourglassException.what("the picture to start from is not of the model's size")
                    .expected(wanted + " numbers, " + shape.dim(1) + "x" + shape.dim(2) + " with " + shape.dim(3)
                            + " channels")
                    .found(image.length())
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
