package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.COLUMNS;
import static dev.hourglass.kernel.vector.AttentionTile.ROWS;
import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.Attention;
import dev.hourglass.kernel.AttentionGeometry;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Attention with queries along the lanes: scores are {@code [keys, queries]}, so that softmax reduces down the lanes and the output,
 * {@code [channels, queries]}, is rescaled lane by lane. An item is some panels of {@link AttentionTile#COLUMNS} queries of one head; it
 * sweeps over blocks of keys, whose scores stay in the first-level cache. A mask is one more channel of queries and keys.
 */
public final class VectorAttention implements Attention {

    @Override
    public long workspaceBytes(AttentionGeometry g) {
        int panels = Math.max(AttentionItems.panels(g, g.tq()), AttentionItems.panels(g, g.tk()));
        return AttentionItems.workspaceFloats(g, panels) * Float.BYTES;
    }

    @Override
    public int queryItems(AttentionGeometry g) {
        return g.n() * g.heads() * AttentionItems.blocks(g, g.tq());
    }

    @Override
    public int keyItems(AttentionGeometry g) {
        return g.n() * g.heads() * AttentionItems.blocks(g, g.tk());
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
        int blocks = AttentionItems.blocks(g, g.tq());
        int head = item / blocks;
        int begin = AttentionItems.begin(g.tq(), item % blocks, blocks);
        int end = AttentionItems.begin(g.tq(), item % blocks + 1, blocks);
        int panels = AttentionItems.count(end - begin);
        long keys = AttentionItems.head(g, k, head, g.tk(), g.kStride());
        long values = AttentionItems.head(g, v, head, g.tk(), g.vStride());
        long mask = AttentionItems.mask(g, bias, head);
        int depth = g.dim() + (mask == 0 ? 0 : 1);
        int rows = AttentionItems.rows(g);
        long row = rows * 4L;

        long qs = Memory.address(workspace, 0, AttentionItems.workspaceFloats(g, panels)); // [panels, depth, COLUMNS]
        long os = qs + panels * rows * ROW_BYTES; // [panels, rows, COLUMNS]
        long ks = os + panels * rows * ROW_BYTES; // [BLOCK, rows]
        long vs = ks + row * AttentionItems.BLOCK; // [BLOCK, rows]
        long factor = vs + row * AttentionItems.BLOCK; // [COLUMNS]
        long scores = factor + ROW_BYTES; // [BLOCK, COLUMNS], behind the factor
        long tile = scores + AttentionItems.BLOCK * ROW_BYTES;
        long stats = tile + ROWS * ROW_BYTES; // [panels, max and sum, COLUMNS]

        long queries = AttentionItems.head(g, q, head, g.tq(), g.qStride()) + (long) begin * g.qStride() * 4;
        float scale = g.scale() * AttentionSoftmax.LOG2_E;
        AttentionPack.panels(queries, g.qStride() * 4L, end - begin, g.dim(), scale, qs, depth);
        if (mask != 0) {
            AttentionPack.panelOnes(end - begin, qs, g.dim(), depth);
        }
        Rows.zero(os, panels * rows * COLUMNS);
        for (int p = 0; p < panels; p++) {
            AttentionPack.fill(stats + 2 * p * ROW_BYTES, COLUMNS, AttentionSoftmax.NO_MAXIMUM);
            Rows.zero(stats + (2 * p + 1) * ROW_BYTES, COLUMNS);
        }
        for (int j = 0; j < g.tk(); j += AttentionItems.BLOCK) {
            int count = Math.min(AttentionItems.BLOCK, g.tk() - j);
            long block = keys + (long) j * g.kStride() * 4;
            AttentionPack.block(block, g.kStride() * 4L, count, g.dim(), ks, row);
            if (mask != 0) {
                AttentionPack.blockColumn(mask + j * 4L, count, AttentionSoftmax.LOG2_E, ks, g.dim(), row);
            }
            block = values + (long) j * g.vStride() * 4;
            AttentionPack.block(block, g.vStride() * 4L, count, g.dim(), vs, row);
            for (int p = 0; p < panels; p++) {
                long stat = stats + 2 * p * ROW_BYTES;
                scores(ks, row, qs + p * depth * ROW_BYTES, depth, count, scores);
                AttentionSoftmax.online(factor, count, stat, stat + ROW_BYTES);
                accumulate(vs, row, scores, count, g.dim(), factor, tile, os + p * rows * ROW_BYTES);
            }
        }
        finish(g, os, stats, head, begin, end, y, lse);
    }

    /** {@code scores[keys, COLUMNS] = ks qs}, for keys rounded up to whole tiles; {@code row} counts the bytes of a key. */
    static void scores(long ks, long row, long qs, int depth, int count, long scores) {
        for (int r = 0; r < count; r += ROWS) {
            AttentionTile.multiplyRows(ks + r * row, row, qs, depth, scores + r * ROW_BYTES);
        }
    }

    /** {@code os[dim, COLUMNS] = factor os + vs' weights}, the sum running over the tokens of a block. */
    static void accumulate(long vs, long row, long weights, int count, int dim, long factor, long tile, long os) {
        for (int d = 0; d < dim; d += ROWS) {
            AttentionTile.multiply(vs + d * 4L, row, weights, count, tile);
            rescale(tile, factor, os + d * ROW_BYTES);
        }
    }

    /** {@code os[ROWS, COLUMNS] = factor os + tile}. */
    private static void rescale(long tile, long factor, long os) {
        for (long c = 0; c < ROW_BYTES; c += BYTES) {
            FloatVector f = FloatVector.fromMemorySegment(S, ALL, (factor + c) & Memory.MASK, ORDER);
            for (long at = c; at < ROWS * ROW_BYTES; at += ROW_BYTES) {
                FloatVector.fromMemorySegment(S, ALL, (os + at) & Memory.MASK, ORDER)
                        .fma(f, FloatVector.fromMemorySegment(S, ALL, (tile + at) & Memory.MASK, ORDER))
                        .intoMemorySegment(ALL, (os + at) & Memory.MASK, ORDER);
            }
        }
    }

    /** {@code y = os / sum}, token by token, and the log-sum-exp. */
    private static void finish(
            AttentionGeometry g,
            long os,
            long stats,
            int head,
            int begin,
            int end,
            MemorySegment y,
            MemorySegment lse) {
        long to = AttentionItems.head(g, y, head, g.tq(), g.yStride()) + (long) begin * g.yStride() * 4;
        long logs = lse == null ? 0 : Memory.address(lse, (long) head * g.tq() + begin, end - begin);
        for (int i = 0; i < end - begin; i++) {
            int panel = i / COLUMNS;
            long column = i % COLUMNS * 4L;
            long stat = stats + 2 * panel * ROW_BYTES + column;
            float sum = Memory.get(stat + ROW_BYTES);
            long from = os + panel * AttentionItems.rows(g) * ROW_BYTES + column;
            AttentionPack.unpack(from, g.dim(), 1 / sum, to + (long) i * g.yStride() * 4, false);
            if (lse != null) {
                double log = Memory.get(stat) / (double) AttentionSoftmax.LOG2_E + Math.log(sum);
                Memory.set(logs + i * 4L, (float) log);
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
        AttentionGradient.queries(g, q, k, v, bias, y, lse, dy, delta, dq, accumulate, workspace, item);
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
        AttentionGradient.keysAndValues(
                g, q, k, v, bias, lse, dy, delta, dk, accumulateKey, dv, accumulateValue, workspace, item);
    }
}
