package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionItems.BLOCK;
import static dev.hourglass.kernel.vector.AttentionSoftmax.LOG2_E;
import static dev.hourglass.kernel.vector.AttentionTile.COLUMNS;
import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;

import dev.hourglass.kernel.AttentionGeometry;
import java.lang.foreign.MemorySegment;

/**
 * The gradients of attention, in two sweeps that compute scores again (arXiv 2205.14135, algorithm 4): over the keys for panels of
 * queries, and over the queries for panels of keys. Log-sum-exp, delta and mask are further channels of the two factors, with ones on
 * the other side, so that they come off within the products.
 */
final class AttentionGradient {

    private AttentionGradient() {}

    static void queries(
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
        int blocks = AttentionItems.blocks(g, g.tq());
        int head = item / blocks;
        int begin = AttentionItems.begin(g.tq(), item % blocks, blocks);
        int tokens = AttentionItems.begin(g.tq(), item % blocks + 1, blocks) - begin;
        long gradients = AttentionItems.head(g, dy, head, g.tq(), g.yStride()) + (long) begin * g.yStride() * 4;
        long deltas = Memory.address(delta, (long) head * g.tq() + begin, tokens);
        long outputs = AttentionItems.head(g, y, head, g.tq(), g.yStride()) + (long) begin * g.yStride() * 4;
        deltas(g, outputs, gradients, tokens, deltas);
        if (dq == null) {
            return;
        }
        int panels = AttentionItems.count(tokens);
        int rows = AttentionItems.rows(g);
        long row = rows * 4L;
        long mask = AttentionItems.mask(g, bias, head);
        int depth = depth(g, mask != 0);
        long qs = Memory.address(workspace, 0, AttentionItems.workspaceFloats(g, panels)); // [panels, depth, COLUMNS]
        long dys = qs + panels * rows * ROW_BYTES; // [panels, dim + 1, COLUMNS]
        long dqs = dys + panels * rows * ROW_BYTES; // [panels, rows, COLUMNS]
        long ks = dqs + panels * rows * ROW_BYTES; // [BLOCK, rows]
        long vs = ks + row * BLOCK; // [BLOCK, rows]
        long scores = vs + row * BLOCK; // [BLOCK, COLUMNS]
        long products = scores + BLOCK * ROW_BYTES; // [BLOCK, COLUMNS]
        long tile = products + BLOCK * ROW_BYTES;

        long queries = AttentionItems.head(g, q, head, g.tq(), g.qStride()) + (long) begin * g.qStride() * 4;
        long logs = Memory.address(lse, (long) head * g.tq() + begin, tokens);
        AttentionPack.panels(queries, g.qStride() * 4L, tokens, g.dim(), g.scale() * LOG2_E, qs, depth);
        AttentionPack.panelRow(logs, tokens, -LOG2_E, qs, g.dim(), depth);
        if (mask != 0) {
            AttentionPack.panelOnes(tokens, qs, g.dim() + 1, depth);
        }
        AttentionPack.panels(gradients, g.yStride() * 4L, tokens, g.dim(), 1, dys, g.dim() + 1);
        AttentionPack.panelRow(deltas, tokens, -1, dys, g.dim(), g.dim() + 1);
        Rows.zero(dqs, panels * rows * COLUMNS);
        long keys = AttentionItems.head(g, k, head, g.tk(), g.kStride());
        long values = AttentionItems.head(g, v, head, g.tk(), g.vStride());
        for (int j = 0; j < g.tk(); j += BLOCK) {
            int count = Math.min(BLOCK, g.tk() - j);
            long key = keys + (long) j * g.kStride() * 4;
            long value = values + (long) j * g.vStride() * 4;
            AttentionPack.block(key, g.kStride() * 4L, count, g.dim(), ks, row);
            AttentionPack.blockOnes(count, ks, g.dim(), row);
            if (mask != 0) {
                AttentionPack.blockColumn(mask + j * 4L, count, LOG2_E, ks, g.dim() + 1, row);
            }
            AttentionPack.block(value, g.vStride() * 4L, count, g.dim(), vs, row);
            AttentionPack.blockOnes(count, vs, g.dim(), row);
            for (int p = 0; p < panels; p++) {
                VectorAttention.scores(ks, row, qs + p * depth * ROW_BYTES, depth, count, scores);
                VectorAttention.scores(vs, row, dys + p * (g.dim() + 1) * ROW_BYTES, g.dim() + 1, count, products);
                AttentionSoftmax.gradient(scores, products, count);
                VectorAttention.accumulate(
                        ks, row, products, count, g.dim(), AttentionSoftmax.ONES, tile, dqs + p * rows * ROW_BYTES);
            }
        }
        unpack(g, dqs, tokens, g.scale(), dq, head, g.tq(), begin, g.qStride(), accumulate);
    }

    static void keysAndValues(
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
        int blocks = AttentionItems.blocks(g, g.tk());
        int head = item / blocks;
        int begin = AttentionItems.begin(g.tk(), item % blocks, blocks);
        int tokens = AttentionItems.begin(g.tk(), item % blocks + 1, blocks) - begin;
        int panels = AttentionItems.count(tokens);
        int rows = AttentionItems.rows(g);
        long row = rows * 4L;
        long mask = AttentionItems.mask(g, bias, head);
        int depth = depth(g, mask != 0);
        long ks = Memory.address(workspace, 0, AttentionItems.workspaceFloats(g, panels)); // [panels, depth, COLUMNS]
        long vs = ks + panels * rows * ROW_BYTES; // [panels, dim + 1, COLUMNS]
        long dks = vs + panels * rows * ROW_BYTES; // [panels, rows, COLUMNS]
        long dvs = dks + panels * rows * ROW_BYTES; // [panels, rows, COLUMNS]
        long qs = dvs + panels * rows * ROW_BYTES; // [BLOCK, rows]
        long dys = qs + row * BLOCK; // [BLOCK, rows]
        long scores = dys + row * BLOCK; // [BLOCK, COLUMNS]
        long products = scores + BLOCK * ROW_BYTES; // [BLOCK, COLUMNS]
        long tile = products + BLOCK * ROW_BYTES;

        long keys = AttentionItems.head(g, k, head, g.tk(), g.kStride()) + (long) begin * g.kStride() * 4;
        long values = AttentionItems.head(g, v, head, g.tk(), g.vStride()) + (long) begin * g.vStride() * 4;
        AttentionPack.panels(keys, g.kStride() * 4L, tokens, g.dim(), g.scale() * LOG2_E, ks, depth);
        AttentionPack.panelOnes(tokens, ks, g.dim(), depth);
        if (mask != 0) {
            AttentionPack.panelRow(mask + begin * 4L, tokens, LOG2_E, ks, g.dim() + 1, depth);
        }
        AttentionPack.panels(values, g.vStride() * 4L, tokens, g.dim(), 1, vs, g.dim() + 1);
        AttentionPack.panelOnes(tokens, vs, g.dim(), g.dim() + 1);
        Rows.zero(dks, 2 * panels * rows * COLUMNS); // and dvs
        long queries = AttentionItems.head(g, q, head, g.tq(), g.qStride());
        long gradients = AttentionItems.head(g, dy, head, g.tq(), g.yStride());
        long logs = Memory.address(lse, (long) head * g.tq(), g.tq());
        long deltas = Memory.address(delta, (long) head * g.tq(), g.tq());
        for (int i = 0; i < g.tq(); i += BLOCK) {
            int count = Math.min(BLOCK, g.tq() - i);
            long query = queries + (long) i * g.qStride() * 4;
            long gradient = gradients + (long) i * g.yStride() * 4;
            AttentionPack.block(query, g.qStride() * 4L, count, g.dim(), qs, row);
            AttentionPack.blockColumn(logs + i * 4L, count, -LOG2_E, qs, g.dim(), row);
            if (mask != 0) {
                AttentionPack.blockOnes(count, qs, g.dim() + 1, row);
            }
            AttentionPack.block(gradient, g.yStride() * 4L, count, g.dim(), dys, row);
            AttentionPack.blockColumn(deltas + i * 4L, count, -1, dys, g.dim(), row);
            for (int p = 0; p < panels; p++) {
                VectorAttention.scores(qs, row, ks + p * depth * ROW_BYTES, depth, count, scores);
                VectorAttention.scores(dys, row, vs + p * (g.dim() + 1) * ROW_BYTES, g.dim() + 1, count, products);
                AttentionSoftmax.gradient(scores, products, count);
                if (dk != null) {
                    long to = dks + p * rows * ROW_BYTES;
                    VectorAttention.accumulate(qs, row, products, count, g.dim(), AttentionSoftmax.ONES, tile, to);
                }
                if (dv != null) {
                    long to = dvs + p * rows * ROW_BYTES;
                    VectorAttention.accumulate(dys, row, scores, count, g.dim(), AttentionSoftmax.ONES, tile, to);
                }
            }
        }
        if (dk != null) {
            unpack(g, dks, tokens, g.scale(), dk, head, g.tk(), begin, g.kStride(), accumulateKey);
        }
        if (dv != null) {
            unpack(g, dvs, tokens, 1, dv, head, g.tk(), begin, g.vStride(), accumulateValue);
        }
    }

    /** Channels of the product that makes scores: the head's, the log-sum-exp, and a mask. */
    private static int depth(AttentionGeometry g, boolean masked) {
        return g.dim() + (masked ? 2 : 1);
    }

    /** {@code delta[token] = y[token] . dy[token]}. */
    private static void deltas(AttentionGeometry g, long y, long dy, int tokens, long deltas) {
        for (int i = 0; i < tokens; i++) {
            float s0 = 0, s1 = 0, s2 = 0, s3 = 0; // four sums, since each addition waits for the one before
            int d = 0;
            for (; d <= g.dim() - 4; d += 4) {
                s0 = Math.fma(Memory.get(y + d * 4L), Memory.get(dy + d * 4L), s0);
                s1 = Math.fma(Memory.get(y + d * 4L + 4), Memory.get(dy + d * 4L + 4), s1);
                s2 = Math.fma(Memory.get(y + d * 4L + 8), Memory.get(dy + d * 4L + 8), s2);
                s3 = Math.fma(Memory.get(y + d * 4L + 12), Memory.get(dy + d * 4L + 12), s3);
            }
            for (; d < g.dim(); d++) {
                s0 = Math.fma(Memory.get(y + d * 4L), Memory.get(dy + d * 4L), s0);
            }
            Memory.set(deltas + i * 4L, s0 + s1 + (s2 + s3));
            y += g.yStride() * 4L;
            dy += g.yStride() * 4L;
        }
    }

    /** {@code to[token, channel] (+)= factor * panels[channel, token]} for the tokens of an item. */
    private static void unpack(
            AttentionGeometry g,
            long panels,
            int count,
            float factor,
            MemorySegment to,
            int head,
            int tokens,
            int begin,
            int stride,
            boolean accumulate) {
        long at = AttentionItems.head(g, to, head, tokens, stride) + (long) begin * stride * 4;
        for (int i = 0; i < count; i++) {
            long panel = panels + (long) (i / COLUMNS) * AttentionItems.rows(g) * ROW_BYTES;
            long column = i % COLUMNS * 4L;
            AttentionPack.unpack(panel + column, g.dim(), factor, at + (long) i * stride * 4, accumulate);
        }
    }
}
