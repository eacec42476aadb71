package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.COLUMNS;
import static dev.hourglass.kernel.vector.AttentionTile.ROWS;
import static dev.hourglass.kernel.vector.Memory.LANES;

import dev.hourglass.kernel.AttentionGeometry;
import java.lang.foreign.MemorySegment;

/** How attention is cut into items and blocks, by shape alone, and where a head's tokens lie. */
final class AttentionItems {

    /**
     * Tokens of one block of a sweep. Backward has two panels {@code [BLOCK, COLUMNS]} in the first-level cache, 10 KiB each at 512 bits;
     * the 77 tokens of CLIP's texts are one block.
     */
    static final int BLOCK = 80;

    /** Panels of one item where there are plenty: the more, the less often the other side is packed. */
    private static final int PANELS = 18;

    /** Bytes of an item's panels, which stay in the second-level cache. */
    private static final int PANEL_BYTES = 1 << 20;

    /** Where items would be fewer than this they are made smaller, so that all threads have work. */
    private static final int ITEMS = 32;

    private AttentionItems() {}

    /** Panels that {@code tokens} tokens fill. */
    static int count(int tokens) {
        return (tokens + COLUMNS - 1) / COLUMNS;
    }

    /** The most panels that an item has. */
    static int panels(AttentionGeometry g, int tokens) {
        long all = (long) g.n() * g.heads() * count(tokens);
        int cached = Math.max(1, PANEL_BYTES / (4 * rows(g) * COLUMNS * Float.BYTES));
        int wanted = (int) Math.max(1, Math.min(all / ITEMS, Math.min(cached, PANELS)));
        return Math.min(wanted, count(tokens));
    }

    /** The number of items that the tokens of one head are cut into. */
    static int blocks(AttentionGeometry g, int tokens) {
        int panels = panels(g, tokens);
        return (count(tokens) + panels - 1) / panels;
    }

    /** The first token of block {@code block}. */
    static int begin(int tokens, int block, int blocks) {
        return (int) Math.min(tokens, (long) count(tokens) * block / blocks * COLUMNS);
    }

    /** Rows that a head's channels take in the workspace: with a mask and statistics beside them, in whole tiles and vectors. */
    static int rows(AttentionGeometry g) {
        int unit = Math.max(ROWS, LANES); // powers of two
        return (g.dim() + 2 + unit - 1) / unit * unit;
    }

    static long workspaceFloats(AttentionGeometry g, int panels) {
        long ofPanels = 4L * panels * rows(g) * COLUMNS;
        long ofBlocks = 2L * rows(g) * BLOCK + 2L * BLOCK * COLUMNS;
        return ofPanels + ofBlocks + (ROWS + 1L + 2L * panels) * COLUMNS;
    }

    /** The address of the first token of a head; {@code head} counts over images and heads. */
    static long head(AttentionGeometry g, MemorySegment tensor, int head, int tokens, int stride) {
        long first = (long) (head / g.heads()) * tokens * stride + (long) head % g.heads() * g.dim();
        return Memory.address(tensor, first, (tokens - 1L) * stride + g.dim());
    }

    /** The address of an image's mask, 0 for none. */
    static long mask(AttentionGeometry g, MemorySegment bias, int head) {
        return bias == null ? 0 : Memory.address(bias, (long) (head / g.heads()) * g.tk(), g.tk());
    }
}
