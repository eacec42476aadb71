package dev.hourglass.kernel.scalar;

import static dev.hourglass.kernel.scalar.Memory.get;
import static dev.hourglass.kernel.scalar.Memory.put;
import static dev.hourglass.kernel.scalar.Memory.set;

import dev.hourglass.kernel.Attention;
import dev.hourglass.kernel.AttentionGeometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The plain twin of {@link Attention}: an item is one head of one image, a query or a key at a time. The workspace holds one row of
 * pairs of doubles: {@code p}, the attention paid, and the gradient of the score.
 */
public final class ScalarAttention implements Attention {

    @Override
    public long workspaceBytes(AttentionGeometry g) {
        return 2L * Math.max(g.tq(), g.tk()) * Double.BYTES;
    }

    @Override
    public int queryItems(AttentionGeometry g) {
        return g.n() * g.heads();
    }

    @Override
    public int keyItems(AttentionGeometry g) {
        return g.n() * g.heads();
    }

    @Override
    public void forward(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment y,
            MemorySegment lse,
            MemorySegment workspace,
            int item) {
        for (int i = 0; i < g.tq(); i++) {
            double logSum = logSumExp(g, q, k, bias, item, i);
            for (int j = 0; j < g.tk(); j++) {
                setP(workspace, j, Math.exp(score(g, q, k, bias, item, i, j) - logSum));
            }
            for (int d = 0; d < g.dim(); d++) {
                double sum = 0;
                for (int j = 0; j < g.tk(); j++) {
                    sum += p(workspace, j) * get(v, value(g, item, j) + d);
                }
                set(y, output(g, item, i) + d, sum);
            }
            if (lse != null) {
                set(lse, (long) item * g.tq() + i, logSum);
            }
        }
    }

    @Override
    public void queryGradient(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment y,
            MemorySegment lse,
            MemorySegment dy,
            MemorySegment delta,
            MemorySegment dq,
            boolean accumulate,
            MemorySegment workspace,
            int item) {
        for (int i = 0; i < g.tq(); i++) {
            long row = (long) item * g.tq() + i;
            set(delta, row, dot(y, output(g, item, i), dy, output(g, item, i), g.dim()));
            for (int j = 0; j < g.tk() && dq != null; j++) {
                scoreGradient(g, q, k, v, bias, lse, dy, delta, workspace, item, i, j, j);
            }
            for (int d = 0; d < g.dim() && dq != null; d++) {
                double sum = 0;
                for (int j = 0; j < g.tk(); j++) {
                    sum += ds(workspace, j) * get(k, key(g, item, j) + d);
                }
                put(dq, query(g, item, i) + d, g.scale() * sum, accumulate);
            }
        }
    }

    @Override
    public void keyValueGradient(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment lse,
            MemorySegment dy,
            MemorySegment delta,
            MemorySegment dk,
            boolean accumulateKey,
            MemorySegment dv,
            boolean accumulateValue,
            MemorySegment workspace,
            int item) {
        for (int j = 0; j < g.tk(); j++) {
            for (int i = 0; i < g.tq(); i++) {
                scoreGradient(g, q, k, v, bias, lse, dy, delta, workspace, item, i, j, i);
            }
            for (int d = 0; d < g.dim(); d++) {
                double keySum = 0;
                double valueSum = 0;
                for (int i = 0; i < g.tq(); i++) {
                    keySum += ds(workspace, i) * get(q, query(g, item, i) + d);
                    valueSum += p(workspace, i) * get(dy, output(g, item, i) + d);
                }
                if (dk != null) {
                    put(dk, key(g, item, j) + d, g.scale() * keySum, accumulateKey);
                }
                if (dv != null) {
                    put(dv, value(g, item, j) + d, valueSum, accumulateValue);
                }
            }
        }
    }

    /** The attention that query {@code i} pays to key {@code j} and the gradient of its score, into place {@code at}. */
    private static void scoreGradient(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment lse,
            MemorySegment dy,
            MemorySegment delta,
            MemorySegment workspace,
            int item,
            int i,
            int j,
            int at) {
        long row = (long) item * g.tq() + i;
        double p = Math.exp(score(g, q, k, bias, item, i, j) - get(lse, row));
        double dp = dot(v, value(g, item, j), dy, output(g, item, i), g.dim());
        setP(workspace, at, p);
        setDs(workspace, at, p * (dp - get(delta, row)));
    }

    private static double p(MemorySegment workspace, long at) {
        return workspace.getAtIndex(ValueLayout.JAVA_DOUBLE, 2 * at);
    }

    private static void setP(MemorySegment workspace, long at, double value) {
        workspace.setAtIndex(ValueLayout.JAVA_DOUBLE, 2 * at, value);
    }

    private static double ds(MemorySegment workspace, long at) {
        return workspace.getAtIndex(ValueLayout.JAVA_DOUBLE, 2 * at + 1);
    }

    private static void setDs(MemorySegment workspace, long at, double value) {
        workspace.setAtIndex(ValueLayout.JAVA_DOUBLE, 2 * at + 1, value);
    }

    /** The logarithm of the sum of the exponentials of a row's scores. */
    private static double logSumExp(
            AttentionGeometry g, MemorySegment q, MemorySegment k, MemorySegment bias, int item, int i) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < g.tk(); j++) {
            largest = Math.max(largest, score(g, q, k, bias, item, i, j));
        }
        double sum = 0;
        for (int j = 0; j < g.tk(); j++) {
            sum += Math.exp(score(g, q, k, bias, item, i, j) - largest);
        }
        return largest + Math.log(sum);
    }

    private static double score(
            AttentionGeometry g, MemorySegment q, MemorySegment k, MemorySegment bias, int item, int i, int j) {
        double product = dot(q, query(g, item, i), k, key(g, item, j), g.dim());
        return g.scale() * product + (bias == null ? 0 : get(bias, (long) (item / g.heads()) * g.tk() + j));
    }

    private static double dot(MemorySegment a, long aFrom, MemorySegment b, long bFrom, int count) {
        double sum = 0;
        for (int d = 0; d < count; d++) {
            sum += (double) get(a, aFrom + d) * get(b, bFrom + d);
        }
        return sum;
    }

    private static long query(AttentionGeometry g, int item, int i) {
        return first(g, item, g.tq(), i, g.qStride());
    }

    private static long key(AttentionGeometry g, int item, int j) {
        return first(g, item, g.tk(), j, g.kStride());
    }

    private static long value(AttentionGeometry g, int item, int j) {
        return first(g, item, g.tk(), j, g.vStride());
    }

    private static long output(AttentionGeometry g, int item, int i) {
        return first(g, item, g.tq(), i, g.yStride());
    }

    /** The first channel of a head in a token. */
    private static long first(AttentionGeometry g, int item, int tokens, int token, int stride) {
        return ((long) (item / g.heads()) * tokens + token) * stride + (long) item % g.heads() * g.dim();
    }
}
