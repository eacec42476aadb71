package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.UNet;
import dev.hourglass.graph.Node;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.LearningRate;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;

/** A job that is ready to run on images made up for it. */
interface Work {

    /** Does the job once. */
    void run();

    /** The operations, in the order in which a forward pass runs them. */
    List<Node> nodes();

    /** Runs forward, and backward where the job has it, and adds the nanoseconds of each operation. */
    void profile(long[] forwardNanos, long[] backwardNanos);

    /** Compiles a job; what it needs is closed with {@code open}. */
    static Work open(Resources open, Subject subject, Job job, ImageSize size) {
        UNet model = subject.open();
        open.add(model, model::close);
        return switch (job.mode()) {
            case INFER -> inference(open, model, job, size);
            case TRAIN -> training(open, model, job, size);
        };
    }

    private static Work inference(Resources open, UNet model, Job job, ImageSize size) {
        Session session = model.session(job.options(size));
        session.conditionsZero();
        open.add(session, session::close);
        Shape in = session.sampleShape();
        Shape out = session.outputShape();
        long outputAt = Slab.aligned(in.floatBytes());
        long timestepsAt = outputAt + Slab.aligned(out.floatBytes());
        Slab slab = Slab.open("images of a benchmark", timestepsAt + (long) job.batch() * Float.BYTES);
        open.add(slab, slab::close);
        Tensor sample = slab.tensor(0, in);
        Tensor timesteps = slab.tensor(timestepsAt, Shape.of(job.batch()));
        SplittableRandom random = new SplittableRandom(1);
        for (long k = 0; k < in.elements(); k++) {
            sample.set(k, (float) random.nextGaussian());
        }
        for (int k = 0; k < job.batch(); k++) {
            timesteps.set(k, random.nextInt(1000));
        }
        MemorySegment output = slab.tensor(outputAt, out).segment();
        return new Work() {
            @Override
            public void run() {
                session.run(sample.segment(), timesteps.segment(), output);
            }

            @Override
            public List<Node> nodes() {
                return session.nodes();
            }

            @Override
            public void profile(long[] forwardNanos, long[] backwardNanos) {
                session.profile(forwardNanos);
            }
        };
    }

    private static Work training(Resources open, UNet model, Job job, ImageSize size) {
        ImageBytes images = ImageBytes.open(
                job.batch(), size.height(), size.width(), model.architecture().inChannels());
        open.add(images, images::close);
        SplittableRandom random = new SplittableRandom(1);
        MemorySegment pixels = images.pixels();
        for (long k = 0; k < pixels.byteSize(); k++) {
            pixels.set(ValueLayout.JAVA_BYTE, k, (byte) random.nextInt());
        }
        Workers workers = new Workers(job.threads());
        open.add(workers, workers::close);
        // What a step costs does not depend on the rate; a low one cannot diverge.
        TrainingOptions options = new TrainingOptions(
                job.batch(), Long.MAX_VALUE, new LearningRate.Constant(1e-6), AdamW.Settings.DEFAULT, 0, 0);
        Trainer trainer = model.trainer(images, options, workers);
        open.add(trainer, trainer::close);
        return new Work() {
            @Override
            public void run() {
                trainer.step();
            }

            @Override
            public List<Node> nodes() {
                return trainer.nodes();
            }

            @Override
            public void profile(long[] forwardNanos, long[] backwardNanos) {
                trainer.profile(forwardNanos, backwardNanos);
            }
        };
    }
}
