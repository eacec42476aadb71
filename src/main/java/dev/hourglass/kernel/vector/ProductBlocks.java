package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * How {@link DirectConv2d} cuts a product: into items of some rows (output pixels) and some panels of columns, whose depth is cut into
 * blocks, and these into chains. An output is the sum of its chains, in their order, which depend on the depth alone.
 */
final class ProductBlocks {

    /** Rows of an item, at most: with AVX-512 a block of one chain shares a second-level cache with weights and sums. */
    private static final int MAX_ROWS = ROWS * (Width.MANY_REGISTERS ? 22 : 40);

    /** The same where low tiles stream weights: they are through with a block soon, and it takes more to hide the first one's wait. */
    private static final int STREAMED_ROWS = ROWS * 52;

    /** The same where rows may come from a third-level cache, so that weights come from far half as often. */
    private static final int THIRD_LEVEL_ROWS = ROWS * 44;

    /**
     * Depth of a chain of sums, at most: longer ones round off more. Without AVX-512 a panel's part and a tile's rows share a first-level
     * cache of 32 KiB. High tiles ask less of a second-level one, and the deeper they are, the less it takes to begin and to end them.
     */
    private static final int MAX_CHAIN = Width.MANY_REGISTERS ? 1024 : 256;

    /** Chains of a block, at most. With one its rows stay in a second-level cache; with more its sums are brought back less often. */
    private static final int CHAINS = Processor.FAST_THIRD_LEVEL ? 2 : 1;

    /** Depths of chains and blocks are a multiple of this: rows of whole cache lines are copied faster. */
    private static final int DEPTH_UNIT = 16;

    /** Weights up to this size stay near from item to item. */
    private static final long NEAR_WEIGHTS = 1 << 20;

    /** Up to so many rows, products are through with their weights sooner than these come, unless several streams bring them. */
    private static final int FEW_ROWS = 4 * ROWS;

    /** Weights from this size on are not in the second-level cache still from the last run of a network. */
    private static final long FAR_WEIGHTS = 64 << 10;

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
        int most = mostRows(g);
        int least = (g.rows() + most - 1) / most;
        int equal = (least + threads - 1) / threads * threads;
        int items = g.rows() / equal >= MAX_ROWS / 2 ? equal : least;
        return (tiles + items - 1) / items * ROWS;
    }

    private static int mostRows(Conv2dGeometry g) {
        if (streamed(g)) {
            return STREAMED_ROWS;
        }
        return Processor.FAST_THIRD_LEVEL && weightBytes(g) > NEAR_WEIGHTS ? THIRD_LEVEL_ROWS : MAX_ROWS;
    }

    private static int depthBlocks(Conv2dGeometry g) {
        return (g.depth() + depth(g) - 1) / depth(g);
    }

    /** Depth of all blocks but the last one. */
    static int depth(Conv2dGeometry g) {
        return Math.min(CHAINS * chain(g), inUnits(g.depth()));
    }

    /** Depth of all chains but the last one, which is about as deep. */
    static int chain(Conv2dGeometry g) {
        int chains = (g.depth() + MAX_CHAIN - 1) / MAX_CHAIN;
        return inUnits((g.depth() + chains - 1) / chains);
    }

    private static int inUnits(int depth) {
        return (depth + DEPTH_UNIT - 1) / DEPTH_UNIT * DEPTH_UNIT;
    }

    /**
     * Bytes from row to row of a gathered block: a constant where tiles want one, otherwise an odd number of cache lines, so that rows do
     * not begin in the same set, with room for a vector behind the last float, which {@link Im2col} may spoil.
     */
    static long stride(Conv2dGeometry g) {
        return Width.MANY_REGISTERS
                ? (depth(g) / DEPTH_UNIT + 1 | 1) * DEPTH_UNIT * (long) Float.BYTES
                : RegisterTile.STRIDE;
    }

    /** Panels whose sums are kept from block to block. */
    int sums(Conv2dGeometry g) {
        return depthBlocks(g) > 1 ? itemPanels(g) : 1;
    }

    /** Panels of an item, at most. */
    private int itemPanels(Conv2dGeometry g) {
        int columnBlocks = columnBlocks(g);
        return (DirectConv2d.panels(g) + columnBlocks - 1) / columnBlocks;
    }

    /**
     * Whether each panel's block comes from far for every item, and is through soon. Deep tiles would have too much to read ahead, which
     * costs more than it saves.
     */
    private static boolean streamed(Conv2dGeometry g) {
        return !Width.MANY_REGISTERS && depthBlocks(g) > 1 && weightBytes(g) > NEAR_WEIGHTS;
    }

    /** Whether weights are worth reading ahead, a few lines before each of many tiles. */
    boolean readAhead(Conv2dGeometry g) {
        return streamed(g) && rows(g) > MAX_ROWS / 2;
    }

    /** Whether panels are worth bringing near side by side before they are multiplied: measured without AVX-512 alone. */
    static boolean inStreams(Conv2dGeometry g) {
        return !Width.MANY_REGISTERS && g.rows() <= FEW_ROWS && weightBytes(g) >= FAR_WEIGHTS;
    }

    private static long weightBytes(Conv2dGeometry g) {
        return (long) DirectConv2d.panels(g) * COLUMNS * g.depth() * Float.BYTES;
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
