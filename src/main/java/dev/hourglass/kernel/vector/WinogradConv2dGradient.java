package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.DirectConv2d.panels;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of a convolution's weights by Winograd's transforms: for each tap, the transposed matrix of transformed patches times that
 * of transformed output gradients, summed over tiles, a group of tiles at a time. Where tiles are many they are two halves, whatever the
 * number of threads; each leaves its sums in a partial {@code [taps, panels of cout, padded cin, COLUMNS]}, in which a register tile is
 * one run of memory, with the bias gradient {@code [padded cout]} behind it. The halves are added and transformed back.
 *
 * <p>An item is a half, some rows of taps and a block of input channels. Rows and blocks share no sums, so their number may follow the
 * number of threads; what it costs is transforms that several items repeat. More parts of the tiles would each need sums of their own,
 * four times the weights, which would go through memory.
 */
final class WinogradConv2dGradient implements WeightGradient {

    /** What a group's patches and gradients may take between their two passes. */
    private static final long GROUP_BYTES = 1280 << 10;

    /** Tiles of a group: the depth of one product. Short ones are spent on adding their sums up. */
    private static final int MIN_GROUP = 64;

    private static final int MAX_GROUP = 256;

    /** Fewer tiles than this are not worth being halved. */
    private static final int HALVED = 256;

    /** Input channels that blocks are multiples of: whole vectors, and no register tile half empty. */
    private static final int BLOCK_UNIT = 3 * LANES;

    /** Input channels of one panel in one item of {@link #reduce}. */
    private static final int REDUCE_CHANNELS = 1024 / COLUMNS;

    /** The share of a transform that goes down the columns, which items of other rows repeat. */
    private static final double DOWN = 0.4;

    private final WinogradTransform transform;
    private final WinogradPatches patches;
    private final int taps;

    /** Items that share the rows of taps. */
    private final int rowParts;

    /** Items that share the input channels, and how many channels each takes. */
    private final int blocks;

    private final int blockChannels;

    /**
     * Decides how the work on a geometry is cut into items.
     *
     * @param threads how many threads share the items
     */
    WinogradConv2dGradient(WinogradTransform transform, Conv2dGeometry g, int threads) {
        this.transform = transform;
        this.patches = new WinogradPatches(transform);
        this.taps = transform.taps();
        int units = (g.cin() + BLOCK_UNIT - 1) / BLOCK_UNIT;
        int halves = halves(g, transform);
        int bestParts = 1;
        int bestUnits = units;
        double bestTime = Double.POSITIVE_INFINITY;
        for (int parts = 1; parts <= transform.side; parts++) {
            for (int size = units; size > 0; size--) {
                int count = (units + size - 1) / size;
                int rows = (transform.side + parts - 1) / parts;
                double repeated = DOWN + (1 - DOWN) * rows / transform.side;
                double item = ConvolutionCost.gradientProducts(g, transform) * rows / transform.side / count
                        + ConvolutionCost.gradientPatches(g, transform) * repeated / count
                        + ConvolutionCost.gradientOutputs(g, transform) * repeated;
                double time = item / halves * ((halves * parts * count + threads - 1) / threads);
                if (time < bestTime) {
                    bestTime = time;
                    bestParts = parts;
                    bestUnits = size;
                }
            }
        }
        rowParts = bestParts;
        blockChannels = bestUnits * BLOCK_UNIT;
        blocks = (units + bestUnits - 1) / bestUnits;
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        int tiles = groupTiles(g, transform);
        long row = (long) transform.side * tiles * (inStride(g) + outStride(g)) * 4;
        long columns = patches.bytes(g, tiles, Math.min(blockChannels, g.cin())) + gradientBytes(g, tiles);
        long reduce = (3L * transform.side + 9) * REDUCE_CHANNELS * COLUMNS * 4;
        return Math.max(row + columns + RegisterTile.BYTES_OUT, reduce);
    }

    /** Bytes that {@link #gradientsDown} writes, scratch memory included. */
    private long gradientBytes(Conv2dGeometry g, int tiles) {
        return (transform.side + 1L) * tiles * transform.outputs * g.cout() * 4;
    }

    @Override
    public int items(Conv2dGeometry g) {
        return halves(g, transform) * rowParts * blocks;
    }

    @Override
    public long partialBytes(Conv2dGeometry g) {
        return halves(g, transform) * partialFloats(g) * Float.BYTES;
    }

    /** Floats of the sums of one half. */
    private long partialFloats(Conv2dGeometry g) {
        return ((long) taps * paddedIn(g) + 1) * paddedOut(g);
    }

    @Override
    public void compute(Conv2dGeometry g, long x, long dy, MemorySegment partials, MemorySegment workspace, int item) {
        int half = item / (rowParts * blocks);
        int part = item / blocks % rowParts;
        int row0 = transform.side * part / rowParts;
        int row1 = transform.side * (part + 1) / rowParts;
        int block = item % blocks;
        int ci0 = block * blockChannels;
        int ci1 = Math.min(ci0 + blockChannels, g.cin());
        int begin = transform.tiles(g) * half / halves(g, transform);
        int end = transform.tiles(g) * (half + 1) / halves(g, transform);
        int group = groupTiles(g, transform);
        int side = transform.side;
        long sums = Memory.address(partials, half * partialFloats(g), partialFloats(g));

        long tile = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long columns = tile + RegisterTile.BYTES_OUT;
        long gradients = columns + patches.bytes(g, group, ci1 - ci0);
        long v = gradients + gradientBytes(g, group);
        long inTile = inStride(g) * 4L;
        long inTap = group * inTile;
        long m = v + side * inTap;
        long outTap = group * outStride(g) * 4L;
        // One item of those that share a half sums its gradients up.
        long bias = block == 0 && part == 0 ? sums + taps * panels(g) * panelBytes(g) : 0;
        if (bias != 0) {
            Rows.zero(bias, paddedOut(g));
        }
        for (int first = begin; first < end; first += group) {
            int count = Math.min(group, end - first);
            patches.down(g, x + ci0 * 4L, first, count, ci1 - ci0, columns);
            gradientsDown(g, dy, first, count, gradients, bias);
            for (int i = row0; i < row1; i++) {
                patches.across(g, first, count, 0, count, ci1 - ci0, i, columns, ci1 - ci0, v, inTile, inTap);
                gradientsAcross(g, count, gradients, i, m, outTap);
                for (int j = 0; j < side; j++) {
                    long to = sums + (i * side + j) * panels(g) * panelBytes(g);
                    multiply(g, v + j * inTap, m + j * outTap, to, ci0, ci1, count, first == begin, tile);
                }
            }
        }
    }

    /** One tap's products: {@code partial[ci, co] (+)= sum over tiles of v[tile, ci] m[tile, co]}. */
    private void multiply(
            Conv2dGeometry g, long v, long m, long partial, int ci0, int ci1, int count, boolean first, long tile) {
        for (int p = 0; p < panels(g); p++) {
            long panel = partial + p * panelBytes(g);
            int rows;
            for (int ci = ci0; ci < ci1; ci += rows) {
                rows = RegisterTile.next(ci1 - ci);
                long sum = panel + ci * BYTES_ROW;
                boolean straight = first && RegisterTile.exact(rows);
                RegisterTile.multiplyTransposed(
                        v + (ci - ci0) * 4L,
                        inStride(g) * 4L,
                        m + p * BYTES_ROW,
                        outStride(g) * 4L,
                        count,
                        straight ? sum : tile,
                        rows);
                if (!straight) {
                    DirectConv2dGradient.addTile(tile, sum, BYTES_ROW, rows, first);
                }
            }
        }
    }

    /**
     * The pass down the columns of the output gradients of consecutive tiles, to {@code [side, tiles * outputs, cout]}.
     *
     * @param bias where their sums are added, while they are near; 0 for nowhere
     */
    private void gradientsDown(Conv2dGeometry g, long dy, int tile, int tiles, long out, long bias) {
        int outputs = transform.outputs;
        int side = transform.side;
        long bytes = g.cout() * 4L;
        long pixel = g.yStride() * 4L;
        long outRow = tiles * outputs * bytes;
        long zeros = out + side * outRow;
        int run;
        for (int done = 0; done < tiles; done += run) {
            int first = tile + done;
            run = transform.run(g, first, tiles - done);
            int top = transform.top(g, first);
            int left = transform.left(g, first);
            int width = run * outputs;
            int last = Math.min(g.oh() - top, outputs);
            int end = Math.min(g.ow() - left, width);
            long to = out + done * outputs * bytes;
            if (last < outputs) {
                Rows.zero(zeros, width * g.cout());
            }
            for (int i = 0; i < side && end < width; i++) {
                Rows.zero(to + i * outRow + end * bytes, (width - end) * g.cout());
            }
            long from = dy + (((long) transform.image(g, first) * g.oh() + top) * g.ow() + left) * pixel;
            int rows = end == g.ow() ? 1 : last; // rows that adjoin are one
            for (int r = 0; r < rows && bias != 0; r++) {
                BiasSums.add(from + r * g.ow() * pixel, pixel, last * end / rows, g.cout() / LANES, bias);
            }
            int pixels = pixel == bytes ? 1 : end;
            int vectors = end * g.cout() / LANES / pixels;
            for (int p = 0; p < pixels; p++) {
                transform.outputGradient(
                        from + p * pixel, g.ow() * pixel, last, zeros, BYTES, to + p * bytes, outRow, BYTES, vectors);
            }
        }
    }

    /** The pass along one row. */
    private void gradientsAcross(Conv2dGeometry g, int tiles, long gradients, int row, long out, long tapStep) {
        int outputs = transform.outputs;
        long bytes = g.cout() * 4L;
        long in = gradients + row * tiles * outputs * bytes;
        transform.outputGradient(in, bytes, outputs * bytes, out, tapStep, outStride(g) * 4L, tiles, g.cout() / LANES);
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        return (g.cin() + REDUCE_CHANNELS - 1) / REDUCE_CHANNELS * panels(g);
    }

    @Override
    public void reduce(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            MemorySegment workspace,
            int item) {
        long sums = Memory.address(partials, 0, partialBytes(g) / 4);
        int side = transform.side;
        int panel = item % panels(g);
        int first = item / panels(g) * REDUCE_CHANNELS;
        int channels = Math.min(REDUCE_CHANNELS, g.cin() - first);
        int floats = channels * COLUMNS;
        long row = floats * 4L;
        long columns = Memory.address(workspace, 0, workspaceBytes(g) / 4); // [3, side, channels, COLUMNS]
        long kernel = columns + 3 * side * row; // [9, channels, COLUMNS]
        long tapStep = panels(g) * panelBytes(g);
        long u = sums + panel * panelBytes(g) + first * BYTES_ROW;
        boolean halved = halves(g, transform) == 2;
        long other = partialFloats(g) * 4;
        for (int tap = 0; tap < taps && halved; tap++) {
            long to = u + tap * tapStep;
            Rows.add(to, to + other, to, floats);
        }
        for (int j = 0; j < side; j++) {
            long in = u + j * tapStep;
            transform.weightGradient(in, side * tapStep, BYTES, columns + j * row, side * row, BYTES, floats / LANES);
        }
        for (int i = 0; i < 3; i++) {
            long in = columns + i * side * row;
            transform.weightGradient(in, row, BYTES, kernel + i * 3 * row, row, BYTES, floats / LANES);
        }
        long dw = Memory.address(dweight, 0, (long) g.depth() * g.cout()) + panel * BYTES_ROW;
        int written = Math.min(COLUMNS, g.cout() - panel * COLUMNS);
        for (int k = 0; k < 9; k++) {
            for (int ci = 0; ci < channels; ci++) {
                long to = dw + ((long) k * g.cin() + first + ci) * g.cout() * 4;
                write(kernel + k * row + ci * BYTES_ROW, to, written, accumulate);
            }
        }
        if (item == 0 && dbias != null) {
            long bias = sums + taps * tapStep;
            if (halved) {
                Rows.add(bias, bias + other, bias, g.cout());
            }
            write(bias, Memory.address(dbias, 0, g.cout()), g.cout(), accumulate);
        }
    }

    private static void write(long from, long to, int count, boolean accumulate) {
        if (accumulate) {
            Rows.add(from, to, to, count);
        } else {
            Rows.copy(from, to, count);
        }
    }

    private static int halves(Conv2dGeometry g, WinogradTransform transform) {
        return transform.tiles(g) < HALVED ? 1 : 2;
    }

    /** Tiles whose products are summed at a time; it depends on the shape alone, because the order of the sums does. */
    static int groupTiles(Conv2dGeometry g, WinogradTransform transform) {
        long fitting = GROUP_BYTES / (transform.taps() * (g.cin() + g.cout()) * 4L);
        int most = Math.clamp(fitting, MIN_GROUP, MAX_GROUP);
        int tiles = (transform.tiles(g) + 1) / halves(g, transform);
        int groups = (tiles + most - 1) / most;
        return (tiles + groups - 1) / groups;
    }

    /** Floats from tile to tile: an odd number of cache lines, so that columns do not fall into one cache set. */
    private int inStride(Conv2dGeometry g) {
        int channels = Math.min(blockChannels, paddedIn(g));
        return ((channels + 15) / 16 | 1) * 16;
    }

    private static int outStride(Conv2dGeometry g) {
        return (paddedOut(g) / 16 | 1) * 16;
    }

    private static int paddedIn(Conv2dGeometry g) {
        return (g.cin() + ROWS - 1) / ROWS * ROWS;
    }

    private static int paddedOut(Conv2dGeometry g) {
        return panels(g) * COLUMNS;
    }

    /** Bytes of one tap's sums for one panel of output channels. */
    private static long panelBytes(Conv2dGeometry g) {
        return paddedIn(g) * BYTES_ROW;
    }
}
