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
    static final int MAX_ROWS = ROWS * (Width.MANY_REGISTERS ? 22 : 52);

    /** The same where weights are near. */
    private static final int NEAR_ROWS = ROWS * (Width.MANY_REGISTERS ? 22 : 40);

    /** Depth of a block, at most: with it a panel's block and a tile's rows share a first-level cache of 48 KiB, of 32 with AVX2. */
    private static final int MAX_DEPTH = 256;

    /** Depths of blocks are a multiple of this: rows of whole cache lines are copied faster. */
    private static final int DEPTH_UNIT = 16;

    /** Blocks of the depth that are gathered at a time: what stays in a second-level cache. */
    private static final int GATHERED = Width.MANY_REGISTERS ? 2 : 1;

    /** The same where so many panels follow that bringing sums back would cost more than rows from beyond that cache. */
    private static final int GATHERED_DEEP = Width.MANY_REGISTERS ? 8 : 1;

    private static final int DEEP_PANELS = 48;

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
        int most = far(g) ? MAX_ROWS : NEAR_ROWS;
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

    /** Blocks of the depth that are gathered before the first panel's turn. */
    int gathered(Conv2dGeometry g) {
        return Math.min(itemPanels(g) < DEEP_PANELS ? GATHERED : GATHERED_DEEP, depthBlocks(g));
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

    private static boolean far(Conv2dGeometry g) {
        return (long) DirectConv2d.panels(g) * COLUMNS * g.depth() * Float.BYTES > NEAR_WEIGHTS;
    }

    /**
     * Whether far weights are worth reading ahead, a few lines before each of many tiles. Not with AVX-512: its blocks are twice as
     * large, its tiles fewer, and what is read before one of them holds it up for longer than it saves.
     */
    boolean readAhead(Conv2dGeometry g) {
        return !Width.MANY_REGISTERS && far(g) && rows(g) > NEAR_ROWS / 2;
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
