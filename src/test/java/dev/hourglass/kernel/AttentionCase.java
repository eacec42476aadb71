package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;
import java.util.function.IntToDoubleFunction;

/** Inputs and results of one attention, and how far each result may be from the exact one. */
record AttentionCase(
        AttentionGeometry g,
        GuardedFloats q,
        GuardedFloats k,
        GuardedFloats v,
        GuardedFloats bias,
        GuardedFloats dy,
        GuardedFloats y,
        GuardedFloats lse,
        GuardedFloats delta,
        GuardedFloats dq,
        GuardedFloats dk,
        GuardedFloats dv) {

    /** Normal numbers; results hold other ones, which accumulation adds to and gaps between heads keep. */
    static AttentionCase random(AttentionGeometry g, boolean masked) {
        return of(
                g,
                GuardedFloats.random(1, floats(g, g.tq(), g.qStride())),
                GuardedFloats.random(2, floats(g, g.tk(), g.kStride())),
                GuardedFloats.random(3, floats(g, g.tk(), g.vStride())),
                masked ? GuardedFloats.random(4, g.n() * g.tk(), 0, 2) : null,
                GuardedFloats.random(5, floats(g, g.tq(), g.yStride())));
    }

    static AttentionCase of(
            AttentionGeometry g,
            GuardedFloats q,
            GuardedFloats k,
            GuardedFloats v,
            GuardedFloats bias,
            GuardedFloats dy) {
        return new AttentionCase(
                g,
                q,
                k,
                v,
                bias,
                dy,
                GuardedFloats.random(6, dy.length()),
                GuardedFloats.random(7, Math.toIntExact(g.rows())),
                GuardedFloats.random(8, Math.toIntExact(g.rows())),
                GuardedFloats.random(9, q.length()),
                GuardedFloats.random(10, k.length()),
                GuardedFloats.random(11, v.length()));
    }

    private static int floats(AttentionGeometry g, int tokens, int stride) {
        return (g.n() * tokens - 1) * stride + g.width();
    }

    /** The same inputs with results of their own. */
    AttentionCase copy() {
        return new AttentionCase(
                g, q, k, v, bias, dy, y.copy(), lse.copy(), delta.copy(), dq.copy(), dk.copy(), dv.copy());
    }

    void forward(Attention kernel) {
        MemorySegment workspace = workspace(kernel);
        for (int item = 0; item < kernel.queryItems(g); item++) {
            forward(kernel, workspace, item);
        }
    }

    void forward(Attention kernel, MemorySegment workspace, int item) {
        kernel.forward(
                g,
                q.segment(),
                k.segment(),
                v.segment(),
                mask(),
                y.segment(),
                lse == null ? null : lse.segment(),
                workspace,
                item);
    }

    void backward(Attention kernel, boolean accumulate) {
        MemorySegment workspace = workspace(kernel);
        for (int item = 0; item < kernel.queryItems(g); item++) {
            queryGradient(kernel, accumulate, workspace, item);
        }
        for (int item = 0; item < kernel.keyItems(g); item++) {
            keyValueGradient(kernel, accumulate, workspace, item);
        }
    }

    void queryGradient(Attention kernel, boolean accumulate, MemorySegment workspace, int item) {
        kernel.queryGradient(
                g,
                q.segment(),
                k.segment(),
                v.segment(),
                mask(),
                y.segment(),
                lse.segment(),
                dy.segment(),
                delta.segment(),
                dq == null ? null : dq.segment(),
                accumulate,
                workspace,
                item);
    }

    void keyValueGradient(Attention kernel, boolean accumulate, MemorySegment workspace, int item) {
        kernel.keyValueGradient(
                g,
                q.segment(),
                k.segment(),
                v.segment(),
                mask(),
                lse.segment(),
                dy.segment(),
                delta.segment(),
                dk == null ? null : dk.segment(),
                accumulate,
                dv == null ? null : dv.segment(),
                accumulate,
                workspace,
                item);
    }

    /** Scratch memory, full of numbers that must not matter. */
    MemorySegment workspace(Attention kernel) {
        return GuardedFloats.random(12, Math.toIntExact(kernel.workspaceBytes(g) / Float.BYTES), 0, 1e30)
                .segment();
    }

    private MemorySegment mask() {
        return bias == null ? null : bias.segment();
    }

    /** Every result of {@code actual} against those of this case, for which {@code accumulate} held. */
    void assertClose(String what, AttentionCase actual, boolean accumulate) {
        Bounds bounds = new Bounds(this);
        what = what + " of " + g + (bias == null ? "" : " with a mask");
        float[] oldQ = dqBefore(9, dq, accumulate);
        float[] oldK = dqBefore(10, dk, accumulate);
        float[] oldV = dqBefore(11, dv, accumulate);
        close(what + ": output", y, actual.y, i -> bounds.y[i]);
        close(what + ": log-sum-exp", lse, actual.lse, i -> bounds.lse[i]);
        close(what + ": delta", delta, actual.delta, i -> bounds.delta[i]);
        close(what + ": dq", dq, actual.dq, i -> with(oldQ[i], bounds.dq[i]));
        close(what + ": dk", dk, actual.dk, i -> with(oldK[i], bounds.dk[i]));
        close(what + ": dv", dv, actual.dv, i -> with(oldV[i], bounds.dv[i]));
    }

    private static float[] dqBefore(long seed, GuardedFloats gradient, boolean accumulate) {
        return accumulate ? GuardedFloats.random(seed, gradient.length()).toArray() : new float[gradient.length()];
    }

    private static double with(float before, double bound) {
        return bound == 0 ? 0 : bound + Tolerance.roundings(2, Math.abs(before));
    }

    private static void close(String what, GuardedFloats expected, GuardedFloats actual, IntToDoubleFunction bound) {
        Tolerance.assertClose(what, expected.toArray(), actual.toArray(), bound);
    }

    /**
     * Tolerances, 0 where nothing is written. The attention {@code p} paid to a key is off by as much as its score and the log-sum-exp
     * are, relatively; results are sums of products with {@code p}.
     */
    private static final class Bounds {

        private final double[] y;
        private final double[] lse;
        private final double[] delta;
        private final double[] dq;
        private final double[] dk;
        private final double[] dv;

        Bounds(AttentionCase c) {
            AttentionGeometry g = c.g;
            y = new double[c.y.length()];
            lse = new double[c.lse.length()];
            delta = new double[c.delta.length()];
            dq = new double[c.dq.length()];
            dk = new double[c.dk.length()];
            dv = new double[c.dv.length()];
            float[] qs = c.q.toArray();
            float[] ks = c.k.toArray();
            float[] vs = c.v.toArray();
            float[] dys = c.dy.toArray();
            float[] biases = c.bias == null ? new float[g.n() * g.tk()] : c.bias.toArray();
            double[] weighted = new double[g.dim()]; // [dim]: sum over keys of p |v|
            for (int row = 0; row < lse.length; row++) {
                int head = row / g.tq();
                int i = row % g.tq();
                int query = first(g, head, g.tq(), i, g.qStride());
                int out = first(g, head, g.tq(), i, g.yStride());
                double logSum = c.logSum(qs, ks, biases, row);
                double largest = 0;
                for (int j = 0; j < g.tk(); j++) {
                    int key = first(g, head, g.tk(), j, g.kStride());
                    double magnitude = 0;
                    for (int d = 0; d < g.dim(); d++) {
                        magnitude += g.scale() * Math.abs(qs[query + d] * ks[key + d]);
                    }
                    double added = biases[head / g.heads() * g.tk() + j];
                    largest = Math.max(largest, magnitude + (added < -1000 ? 0 : Math.abs(added)));
                }
                lse[row] =
                        Tolerance.attentionScore(largest, g.dim()) + Tolerance.roundings(3 + Tolerance.sum(g.tk()), 1);
                lse[row] += Tolerance.roundings(2, Math.abs(logSum));
                double relative = Tolerance.attention(largest, g.dim(), g.tk());
                double gradient = Tolerance.attentionGradient(largest, logSum, g.dim(), Math.max(g.tq(), g.tk()));
                java.util.Arrays.fill(weighted, 0);
                for (int j = 0; j < g.tk(); j++) {
                    double p = Math.exp(c.score(qs, ks, biases, row, j) - logSum);
                    int value = first(g, head, g.tk(), j, g.vStride());
                    for (int d = 0; d < g.dim(); d++) {
                        weighted[d] += p * Math.abs(vs[value + d]);
                    }
                }
                double deltas = 0;
                for (int d = 0; d < g.dim(); d++) {
                    y[out + d] = relative * weighted[d];
                    deltas += weighted[d] * Math.abs(dys[out + d]);
                }
                delta[row] = (relative + Tolerance.roundings(Tolerance.sum(g.dim()), 1)) * deltas;
                for (int j = 0; j < g.tk(); j++) {
                    int key = first(g, head, g.tk(), j, g.kStride());
                    int value = first(g, head, g.tk(), j, g.vStride());
                    double p = Math.exp(c.score(qs, ks, biases, row, j) - logSum) + Tolerance.NO_ATTENTION;
                    double terms = deltas;
                    for (int d = 0; d < g.dim(); d++) {
                        terms += Math.abs(vs[value + d] * dys[out + d]);
                    }
                    for (int d = 0; d < g.dim(); d++) {
                        dq[query + d] += 2 * gradient * g.scale() * p * terms * Math.abs(ks[key + d]);
                        dk[key + d] += 2 * gradient * g.scale() * p * terms * Math.abs(qs[query + d]);
                        dv[value + d] += gradient * p * Math.abs(dys[out + d]);
                    }
                }
            }
        }
    }

    private double logSum(float[] qs, float[] ks, float[] biases, int row) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < g.tk(); j++) {
            largest = Math.max(largest, score(qs, ks, biases, row, j));
        }
        double sum = 0;
        for (int j = 0; j < g.tk(); j++) {
            sum += Math.exp(score(qs, ks, biases, row, j) - largest);
        }
        return largest + Math.log(sum);
    }

    private double score(float[] qs, float[] ks, float[] biases, int row, int j) {
        int head = row / g.tq();
        int query = first(g, head, g.tq(), row % g.tq(), g.qStride());
        int key = first(g, head, g.tk(), j, g.kStride());
        double sum = 0;
        for (int d = 0; d < g.dim(); d++) {
            sum += (double) qs[query + d] * ks[key + d];
        }
        return g.scale() * sum + biases[head / g.heads() * g.tk() + j];
    }

    /** The first channel of a head, counted over images, in a token. */
    static int first(AttentionGeometry g, int head, int tokens, int token, int stride) {
        return (head / g.heads() * tokens + token) * stride + head % g.heads() * g.dim();
    }
}
