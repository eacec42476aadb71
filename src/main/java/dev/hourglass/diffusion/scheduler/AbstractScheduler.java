package dev.hourglass.diffusion.scheduler;

import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;

/** What all schedulers have in common: their timesteps, their scratch memory, and the checks of what comes in. */
abstract sealed class AbstractScheduler implements Scheduler
        permits AlphaBarScheduler, SigmaScheduler, SolverScheduler {

    final Workspace work;
    final Prediction prediction;
    private final Plan plan;
    private int begun;
    private int next;

    AbstractScheduler(Setup setup, Plan plan, Prediction prediction) {
        this.plan = plan;
        this.prediction = prediction;
        work = new Workspace(setup);
    }

    @Override
    public final int steps() {
        return plan.timesteps().length;
    }

    @Override
    public final double timestep(int step) {
        return plan.timesteps()[step];
    }

    @Override
    public final double[] timesteps() {
        return plan.timesteps().clone();
    }

    @Override
    public final double[] sigmas() {
        return plan.sigmas().clone();
    }

    /** The noise level before a step, or after the last one. */
    final double sigma(int step) {
        return plan.sigmas()[step];
    }

    @Override
    public double initNoiseSigma() {
        return 1;
    }

    @Override
    public Shape outputShape() {
        return work.shape();
    }

    @Override
    public boolean needsNoise(int step) {
        return false;
    }

    /** What a sample is multiplied with before the model sees it. */
    double inputScale(int step) {
        return 1;
    }

    @Override
    public final int beginAfter(int skipped) {
        return Math.min(stepsIn(skipped), steps() - 1);
    }

    /** How many steps belong to the first so many that the scheduler was opened for. */
    int stepsIn(int skipped) {
        return skipped;
    }

    /** Whether a step may be the first one: none that goes on with what another one has begun. */
    boolean mayBegin(int step) {
        return true;
    }

    @Override
    public final void begin(int step) {
        if (step < 0 || step >= steps() || !mayBegin(step)) {
            throw new IllegalArgumentException("no beginning at step " + step + " of " + steps());
        }
        begun = step;
        next = step;
    }

    @Override
    public boolean remembers() {
        return false;
    }

    /** The step that was the first one: nothing is remembered of those before it. */
    final int begun() {
        return begun;
    }

    @Override
    public final void scaleModelInput(Tensor sample, int step, Tensor input) {
        requireShape("sample", work.shape(), sample);
        requireShape("input", work.shape(), input);
        work.scale(inputScale(step), sample.segment(), input.segment());
    }

    @Override
    public final void step(Tensor output, Tensor sample, Tensor noise, int step) {
        requireShape("output", outputShape(), output);
        requireShape("sample", work.shape(), sample);
        if (step < 0 || step >= steps() || step != 0 && step != next) {
            throw new IllegalArgumentException(
                    "step " + step + " of " + steps() + ", after step " + (next - 1) + ": steps come in order");
        }
        begun = step == 0 ? 0 : begun;
        boolean noisy = needsNoise(step);
        if (noisy) {
            requireShape("noise", work.shape(), noise);
        }
        advance(output.segment(), sample.segment(), noisy ? noise.segment() : null, step);
        next = step + 1;
    }

    /** The step itself; {@code noise} is null where none is needed. */
    abstract void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step);

    @Override
    public final void estimate(Tensor output, Tensor input, int step, Tensor clean) {
        requireShape("output", outputShape(), output);
        requireShape("input", work.shape(), input);
        requireShape("clean", work.shape(), clean);
        MemorySegment predicted = output.segment();
        if (!outputShape().equals(work.shape())) {
            work.half(predicted, 0, clean.segment());
            predicted = clean.segment();
        }
        double alpha = inputScale(step) * cleanShare(step);
        work.predictClean(prediction, alpha, predictedSigma(step), input.segment(), predicted, clean.segment());
    }

    /** The noise's share in what the model sees. */
    double predictedSigma(int step) {
        return inputScale(step) * noiseShare(step);
    }

    private static void requireShape(String what, Shape shape, Tensor tensor) {
        if (tensor == null || !tensor.shape().equals(shape)) {
            throw new IllegalArgumentException(
                    what + " " + (tensor == null ? "is missing" : tensor.shape() + "") + ", expected " + shape);
        }
    }

    @Override
    public final void close() {
        work.close();
    }
}
