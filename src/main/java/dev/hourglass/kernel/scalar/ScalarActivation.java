package dev.hourglass.kernel.scalar;

import static dev.hourglass.kernel.scalar.Memory.get;
import static dev.hourglass.kernel.scalar.Memory.put;
import static dev.hourglass.kernel.scalar.Memory.set;

import dev.hourglass.kernel.Activation;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Activation}. */
public final class ScalarActivation implements Activation {

    /** Beyond this on either side nothing changes in float32; cutting there keeps infinities from becoming NaN. */
    private static final double LIMIT = 200;

    private static final double TANH_FACTOR = Math.sqrt(2 / Math.PI);
    private static final double TANH_CUBE = 0.044715;

    @Override
    public void values(Kind kind, MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i++) {
            set(y, i, value(kind, get(x, i)));
        }
    }

    @Override
    public void gradient(
            Kind kind, MemorySegment x, MemorySegment dy, MemorySegment dx, boolean accumulate, long from, long to) {
        for (long i = from; i < to; i++) {
            put(dx, i, get(dy, i) * slope(kind, get(x, i)), accumulate);
        }
    }

    private static double value(Kind kind, double x) {
        double cut = Math.max(x, -LIMIT);
        return switch (kind) {
            case RELU -> x < 0 ? 0 : x;
            case GELU -> cut * NormalDistribution.probability(cut);
            case GELU_TANH -> cut * sigmoid(2 * tanhArgument(cut));
            case MISH -> cut * Math.tanh(Math.log1p(Math.exp(Math.min(cut, LIMIT))));
        };
    }

    private static double slope(Kind kind, double x) {
        double cut = Math.clamp(x, -LIMIT, LIMIT);
        return switch (kind) {
            case RELU -> x <= 0 ? 0 : 1;
            case GELU -> NormalDistribution.probability(cut) + cut * NormalDistribution.density(cut);
            case GELU_TANH -> {
                double s = sigmoid(2 * tanhArgument(cut));
                double inner = 2 * TANH_FACTOR * (1 + 3 * TANH_CUBE * cut * cut);
                yield s + cut * inner * s * sigmoid(-2 * tanhArgument(cut));
            }
            case MISH -> {
                double t = Math.tanh(Math.log1p(Math.exp(cut)));
                yield t + cut * (1 - t * t) * sigmoid(cut);
            }
        };
    }

    private static double tanhArgument(double x) {
        return TANH_FACTOR * (x + TANH_CUBE * x * x * x);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Override
    public void geglu(MemorySegment x, MemorySegment y, int width, int from, int to) {
        for (int row = from; row < to; row++) {
            for (int c = 0; c < width; c++) {
                long hidden = 2L * row * width + c;
                set(y, (long) row * width + c, get(x, hidden) * value(Kind.GELU, get(x, hidden + width)));
            }
        }
    }

    @Override
    public long gegluWorkspaceBytes() {
        return 0;
    }

    @Override
    public void gegluGradient(
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment workspace,
            int width,
            int from,
            int to) {
        for (int row = from; row < to; row++) {
            for (int c = 0; c < width; c++) {
                long hidden = 2L * row * width + c;
                long gate = hidden + width;
                double gradient = get(dy, (long) row * width + c);
                double dhidden = gradient * value(Kind.GELU, get(x, gate));
                double dgate = gradient * get(x, hidden) * slope(Kind.GELU, get(x, gate));
                put(dx, hidden, dhidden, accumulate);
                put(dx, gate, dgate, accumulate);
            }
        }
    }
}
