package dev.hourglass.bench.peer;

import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.ChannelOrder;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.TrainingStep;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** This library, through its public face. */
public final class HourglassEngine implements Engine {

    @Override
    public String name() {
        return "Hourglass";
    }

    @Override
    public String details() {
        return Backend.kernels().reason();
    }

    @Override
    public Optional<Work> prepare(Job job, UNet model, Example example) {
        UNet own = job.subject().create();
        own.weights().copyFrom(model.weights());
        return Optional.of(
                switch (job.kind()) {
                    case FORWARD -> new Forward(job, own, example);
                    case TRAIN -> new Training(job, own, example);
                });
    }

    /** A session on segments; the copies in and out and the check for finite numbers are timed with it. */
    private static final class Forward implements Work {

        private final UNet model;
        private final Session session;
        private final Slab slab;
        private final Tensor sample;
        private final Tensor timesteps;
        private final Tensor output;

        Forward(Job job, UNet model, Example example) {
            this.model = model;
            int side = job.subject().side();
            session = model.session(SessionOptions.of(job.batch(), side, side).withThreads(job.threads()));
            long imageBytes = Slab.aligned(session.sampleShape().floatBytes());
            slab = Slab.open("images of a benchmark", 2 * imageBytes + (long) job.batch() * Float.BYTES);
            sample = slab.tensor(0, session.sampleShape()).copyFrom(example.sample());
            output = slab.tensor(imageBytes, session.outputShape());
            timesteps = slab.tensor(2 * imageBytes, Shape.of(job.batch())).copyFrom(example.timesteps());
        }

        @Override
        public void run() {
            session.run(sample.segment(), timesteps.segment(), output.segment());
        }

        @Override
        public float[] result() {
            return output.toArray();
        }

        @Override
        public void close() {
            session.close();
            slab.close();
            model.close();
        }
    }

    /** A training step on tensors that stay in place. */
    private static final class Training implements Work {

        private final UNet model;
        private final Workers workers;
        private final TrainingStep step;
        private final double rate;
        private float loss;

        Training(Job job, UNet model, Example example) {
            this.model = model;
            workers = new Workers(job.threads());
            step = new TrainingStep(
                    model.architecture(),
                    model.weights(),
                    job.batch(),
                    job.subject().side(),
                    job.subject().side(),
                    AdamW.Settings.DEFAULT,
                    Backend.kernels(),
                    workers);
            rate = job.subject().rate();
            fill(step.sample(), example.sample());
            step.timesteps().copyFrom(example.timesteps());
            fill(step.target(), example.target());
        }

        /** {@code [N, C, H, W]} to the step's {@code [N, H, W, C]}. */
        private static void fill(Tensor images, float[] values) {
            ChannelOrder.channelsLast(MemorySegment.ofArray(values), images.segment(), images.shape());
        }

        @Override
        public void run() {
            loss = step.run(rate);
        }

        @Override
        public float[] result() {
            return new float[] {loss};
        }

        @Override
        public void close() {
            step.close();
            workers.close();
            model.close();
        }
    }
}
