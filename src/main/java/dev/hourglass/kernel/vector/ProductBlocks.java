package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * How {@link DirectConv2d} cuts a product: into items of some rows (output pixels) and some panels of columns, whose depth is cut into
 * blocks. What an output is a sum of, and in which order, depends on the depth alone.
 */
final class ProductBlocks {

    /**
     * Rows of an item, at most: enough to hide that each panel's block comes from far for the first tile. Low tiles are through with a
     * block sooner, and need more of them.
     */
    private static final int MAX_ROWS = ROWS * (Width.MANY_REGISTERS ? 44 : 52);

    /** The same where weights are near, or the depth is gathered whole. */
    private static final int NEAR_ROWS = ROWS * (Width.MANY_REGISTERS ? 22 : 40);

    /** Depth of a block, at most: with it a panel's block and a tile's rows share a first-level cache of 48 KiB, of 32 with AVX2. */
    private static final int MAX_DEPTH = 256;

    /** Depths of blocks are a multiple of this: rows of whole cache lines are copied faster. */
    private static final int DEPTH_UNIT = 16;

    /**
     * Depths of up to so many blocks are gathered whole, so that no sums are brought back. Deeper rows would not stay in a second-level
     * cache, and are gathered one block at a time.
     */
    private static final int MAX_WHOLE = Width.MANY_REGISTERS ? 3 : 0;

    /** Weights up to this size stay near from item to item. */
    private static final long NEAR_WEIGHTS = 1 << 20;

    private final int threads;

    /** @param threads how many threads share the items */
    ProductBlocks(int threads) {
        this.threads = threads;
    }

    int rowBlocks(Conv2dGeometry g) {
        return (g.rows() + rows(g) - 1) / rows(g);
    }

    /** Rows of an item: as equal as whole tiles allow, and as many items for each thread, unless they would be low. */
    int rows(Conv2dGeometry g) {
        int tiles = (g.rows() + ROWS - 1) / ROWS;
        int most = streamed(g) ? MAX_ROWS : NEAR_ROWS;
        int least = (g.rows() + most - 1) / most;
        int equal = (least + threads - 1) / threads * threads;
        int items = g.rows() / equal >= NEAR_ROWS / 2 ? equal : least;
        return (tiles + items - 1) / items * ROWS;
    }

    private static int depthBlocks(Conv2dGeometry g) {
        return (g.depth() + MAX_DEPTH - 1) / MAX_DEPTH;
    }

    /** Depth of all blocks but the last one, which is about as deep. */
    static int depth(Conv2dGeometry g) {
        int depth = (g.depth() + depthBlocks(g) - 1) / depthBlocks(g);
        return (depth + DEPTH_UNIT - 1) / DEPTH_UNIT * DEPTH_UNIT;
    }

    private static boolean whole(Conv2dGeometry g) {
        return depthBlocks(g) <= MAX_WHOLE;
    }

    /** Blocks of the depth that are gathered before the first panel's turn. */
    static int gathered(Conv2dGeometry g) {
        return whole(g) ? depthBlocks(g) : 1;
    }

    /** Panels whose sums are kept: all of an item's where the depth is not gathered as a whole. */
    int sums(Conv2dGeometry g) {
        return gathered(g) < depthBlocks(g) ? itemPanels(g) : 1;
    }

    /** Panels of an item, at most. */
    private int itemPanels(Conv2dGeometry g) {
        int columnBlocks = columnBlocks(g);
        return (DirectConv2d.panels(g) + columnBlocks - 1) / columnBlocks;
    }

    /** Whether rows go block by block and weights come from far for every item. */
    private static boolean streamed(Conv2dGeometry g) {
        return !whole(g) && (long) DirectConv2d.panels(g) * COLUMNS * g.depth() * Float.BYTES > NEAR_WEIGHTS;
    }

    /** Whether weights are worth reading ahead, a few lines before each of many tiles. */
    boolean readAhead(Conv2dGeometry g) {
        return streamed(g) && rows(g) > NEAR_ROWS / 2;
    }

    /** Items by columns too, each of which gathers its rows again: as few as leave no thread idle for long. */
    int columnBlocks(Conv2dGeometry g) {
        int blocks = 1;
        while (blocks < DirectConv2d.panels(g) && idle(rowBlocks(g) * blocks)) {
            blocks++;
        }
        return blocks;
    }

    /** Whether so many equal items leave threads idle for more than an eighth of the time. */
    private boolean idle(int items) {
        int rounds = (items + threads - 1) / threads;
        return 8L * rounds * threads > 9L * items;
    }
}
