package dev.hourglass.train;

import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Optimizer;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;

/** AdamW (arXiv 1711.05101) over the flat vector of all parameters. A step allocates nothing. */
public final class AdamW implements AutoCloseable {

    private final Settings settings;
    private final Optimizer kernel;
    private final Workers workers;
    private final Weights weights;
    private final Weights gradients;
    private final Weights firstMoment;
    private final Weights secondMoment;
    private final Workers.Task update = this::update;
    private final Workers.Task squares = this::squares;
    private final double[] partialNorms;
    private final Chunks chunks;
    private long steps;
    private double rate;
    private double correction1;
    private double correction2;
    private double gradientScale;

    /**
     * Numbers of the method; the learning rate comes with each step.
     *
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param eps added to the root of the second moment
     * @param weightDecay share of the weights, times the rate, that each step takes away
     * @param clipNorm gradients of a larger norm are scaled down to it; 0 for never
     */
    public record Settings(double beta1, double beta2, double eps, double weightDecay, double clipNorm) {

        /** PyTorch's defaults, no clipping. */
        public static final Settings DEFAULT = new Settings(0.9, 0.999, 1e-8, 0.01, 0);
    }

    /** Opens the moments, zeroed. */
    public AdamW(Settings settings, Optimizer kernel, Workers workers, Weights weights, Weights gradients) {
        this.settings = settings;
        this.kernel = kernel;
        this.workers = workers;
        this.weights = weights;
        this.gradients = gradients;
        firstMoment = Weights.open("first moments", weights.parameters());
        secondMoment = Weights.open("second moments", weights.parameters());
        chunks = new Chunks(weights);
        partialNorms = new double[chunks.count()];
    }

    /** Takes one step with learning rate {@code rate} along the gradients. */
    public void step(double rate) {
        steps++;
        this.rate = rate;
        correction1 = 1 - Math.pow(settings.beta1(), steps);
        correction2 = 1 - Math.pow(settings.beta2(), steps);
        gradientScale = 1;
        if (settings.clipNorm() > 0) {
            gradientScale = Math.min(1, settings.clipNorm() / (gradientNorm() + 1e-6));
        }
        workers.run(update, chunks.count());
        weights.changed();
    }

    /** The Euclidean norm of all trained parameters' gradients. */
    public double gradientNorm() {
        workers.run(squares, chunks.count());
        double sum = 0;
        for (double partial : partialNorms) {
            sum += partial;
        }
        return Math.sqrt(sum);
    }

    private void squares(int item, int worker) {
        partialNorms[item] = kernel.squaredNorm(gradients.flat().segment(), chunks.from(item), chunks.to(item));
    }

    private void update(int item, int worker) {
        MemorySegment w = weights.flat().segment();
        kernel.adamW(
                w,
                gradients.flat().segment(),
                firstMoment.flat().segment(),
                secondMoment.flat().segment(),
                rate,
                settings.beta1(),
                settings.beta2(),
                settings.eps(),
                settings.weightDecay(),
                correction1,
                correction2,
                gradientScale,
                chunks.from(item),
                chunks.to(item));
    }

    /** How many steps were taken. */
    public long steps() {
        return steps;
    }

    /** Goes on as after {@code steps} steps; the moments are set by the caller. */
    void resumeAt(long steps) {
        this.steps = steps;
    }

    Weights firstMoment() {
        return firstMoment;
    }

    Weights secondMoment() {
        return secondMoment;
    }

    @Override
    public void close() {
        firstMoment.close();
        secondMoment.close();
    }
}
