package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of a convolution's weights by Winograd's transforms: for each tap, the transposed matrix of transformed patches times that
 * of transformed output gradients, summed over tiles. The sum is cut into chunks that depend on the shape alone; an item is one chunk and
 * one block of input channels, and leaves its sum in a partial {@code [taps, padded cin, padded cout]} with the bias gradient in one more
 * row. Partials are then added up in order and transformed back.
 */
final class WinogradConv2dGradient implements WeightGradient {

    /** What a group's transformed patches and gradients may take: most of a second-level cache. */
    private static final long GROUP_BYTES = 1280 << 10;

    /** What a run of transformed output gradients may take between the two passes. */
    private static final int RUN_BYTES = 20 << 10;

    /** Tiles of a group at most: the depth of one product. */
    private static final int MAX_GROUP = 128;

    /** Fewer tiles than this are not worth a chunk of their own. */
    private static final int CHUNK_TILES = 96;

    private static final int MAX_CHUNKS = 8;

    /** With fewer chunks than this, items are split by input channels too. */
    private static final int ITEMS = 8;

    /** Input channels that blocks are multiples of: whole vectors and whole register tiles. */
    private static final int BLOCK_UNIT = LANES % ROWS == 0 ? LANES : 3 * LANES;

    /** Floats of each tap in one item of {@link #reduce}. */
    private static final int REDUCE_FLOATS = 1024;

    private final WinogradTransform transform;
    private final WinogradPatches patches;
    private final int taps;

    WinogradConv2dGradient(WinogradTransform transform) {
        this.transform = transform;
        this.patches = new WinogradPatches(transform);
        this.taps = transform.taps();
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        long perTile = taps * (inStride(g) + outStride(g)) * 4L;
        long reduce = (taps + 3L * transform.side + 9) * reduceChannels(g) * paddedOut(g) * 4;
        return Math.max(perTile * groupTiles(g) + RegisterTile.BYTES_OUT + scratchBytes(g), reduce);
    }

    private long scratchBytes(Conv2dGeometry g) {
        return Math.max(patches.scratchBytes(g.cin()), 2L * taps * gradientRun(g) * g.cout() * 4);
    }

    /** Tiles whose output gradients are transformed in one go. */
    private int gradientRun(Conv2dGeometry g) {
        return Math.max(1, RUN_BYTES / (taps * g.cout() * 4));
    }

    @Override
    public int items(Conv2dGeometry g) {
        return chunks(g) * blocks(g);
    }

    @Override
    public long partialBytes(Conv2dGeometry g) {
        return chunks(g) * partialFloats(g) * Float.BYTES;
    }

    @Override
    public void compute(Conv2dGeometry g, long x, long dy, MemorySegment partials, MemorySegment workspace, int item) {
        int chunk = item / blocks(g);
        int block = item % blocks(g);
        int ci0 = block * blockChannels(g);
        int ci1 = Math.min(ci0 + blockChannels(g), g.cin());
        int begin = (int) ((long) transform.tiles(g) * chunk / chunks(g));
        int end = (int) ((long) transform.tiles(g) * (chunk + 1) / chunks(g));
        int group = groupTiles(g);
        long partial = Memory.address(partials, chunk * partialFloats(g), partialFloats(g));

        long tile = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long v = tile + RegisterTile.BYTES_OUT;
        long inTap = (long) group * inStride(g) * 4;
        long m = v + taps * inTap;
        long outTap = (long) group * outStride(g) * 4;
        long scratch = m + taps * outTap;
        long inTile = inStride(g) * 4L;
        for (int first = begin; first < end; first += group) {
            int count = Math.min(group, end - first);
            patches.transform(
                    g, x + ci0 * 4L, first, count, ci1 - ci0, v, inTile, inTap, transform.side * inTap, scratch);
            transformGradients(g, dy, first, count, m, outTap, scratch);
            for (int tap = 0; tap < taps; tap++) {
                long to = partial + (long) tap * paddedIn(g) * paddedOut(g) * 4;
                multiply(g, v + tap * inTap, m + tap * outTap, to, ci0, ci1, count, first == begin, tile);
            }
            if (block == 0) {
                // The sum of a tile's elements is the element (1, 1) of its transform, which belongs to the point 1.
                long sums = m + (transform.side + 1) * outTap;
                long bias = partial + (long) taps * paddedIn(g) * paddedOut(g) * 4;
                for (int c = 0; c < paddedOut(g); c += COLUMNS) {
                    DirectConv2dGradient.columnSums(
                            sums + c * 4L, outStride(g) * 4L, count, bias + c * 4L, first == begin);
                }
            }
        }
    }

    /** One tap's products: {@code partial[ci, co] (+)= sum over tiles of v[tile, ci] m[tile, co]}. */
    private void multiply(
            Conv2dGeometry g, long v, long m, long partial, int ci0, int ci1, int count, boolean first, long tile) {
        long width = paddedOut(g) * 4L;
        for (int c = 0; c < paddedOut(g); c += COLUMNS) {
            for (int ci = ci0; ci < ci1; ci += ROWS) {
                int rows = Math.min(ROWS, ci1 - ci);
                RegisterTile.multiplyTransposed(
                        v + (ci - ci0) * 4L, inStride(g) * 4L, m + c * 4L, outStride(g) * 4L, count, tile, rows);
                DirectConv2dGradient.addTile(tile, partial + ci * width + c * 4L, width, rows, first);
            }
        }
    }

    /** Transforms the output gradients of some tiles, run by run of tiles side by side in one image. */
    private void transformGradients(
            Conv2dGeometry g, long dy, int tile, int tiles, long out, long tapStep, long scratch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int outputs = transform.outputs;
        int side = transform.side;
        long bytes = g.cout() * 4L;
        long pixel = g.yStride() * 4L;
        long tileStep = outStride(g) * 4L;
        int done = 0;
        while (done < tiles) {
            int column = (tile + done) % across;
            int row = (tile + done) / across % down;
            int n = (tile + done) / across / down;
            int run = Math.min(Math.min(gradientRun(g), across - column), tiles - done);
            int top = row * outputs;
            int left = column * outputs;
            int width = run * outputs;
            long image = dy + (long) n * g.oh() * g.ow() * pixel;
            boolean inside = pixel == bytes && top + outputs <= g.oh() && left + width <= g.ow();
            long from = inside ? image + ((long) top * g.ow() + left) * pixel : scratch + side * width * bytes;
            long inRow = inside ? g.ow() * pixel : width * bytes;
            if (!inside) {
                Patch.gather(image, g.oh(), g.ow(), pixel, top, left, outputs, width, g.cout(), from);
            }
            int vectors = width * g.cout() / LANES;
            transform.outputGradient(from, inRow, BYTES, scratch, width * bytes, BYTES, vectors);
            for (int i = 0; i < side; i++) {
                long in = scratch + i * width * bytes;
                long to = out + i * side * tapStep + done * tileStep;
                gradientsAcross(in, bytes, run, g.cout() / LANES, to, tapStep, tileStep);
            }
            done += run;
        }
    }

    /** One row of taps of a run of tiles. The inner loop goes over tiles or over channels, whichever are more. */
    private void gradientsAcross(long in, long pixel, int run, int vectors, long out, long tapStep, long tileStep) {
        long step = transform.outputs * pixel;
        if (run >= vectors) {
            for (int v = 0; v < vectors; v++) {
                long at = (long) v * BYTES;
                transform.outputGradient(in + at, pixel, step, out + at, tapStep, tileStep, run);
            }
        } else {
            for (int t = 0; t < run; t++) {
                transform.outputGradient(in + t * step, pixel, BYTES, out + t * tileStep, tapStep, BYTES, vectors);
            }
        }
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        return (g.cin() + reduceChannels(g) - 1) / reduceChannels(g);
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
        int chunks = chunks(g);
        long sums = Memory.address(partials, 0, chunks * partialFloats(g));
        long dw = Memory.address(dweight, 0, (long) g.depth() * g.cout());
        int side = transform.side;
        int width = paddedOut(g);
        long total = Memory.address(workspace, 0, workspaceBytes(g) / 4); // [taps, channels, width]
        long tapStep = (long) paddedIn(g) * width * 4;
        int first = item * reduceChannels(g);
        int channels = Math.min(reduceChannels(g), g.cin() - first);
        int floats = channels * width;
        long row = floats * 4L;
        long columns = total + taps * row; // [3, side, channels, width]
        long kernel = columns + 3 * side * row; // [9, channels, width]
        long u = sums + (long) first * width * 4;
        for (int tap = 0; tap < taps && chunks > 1; tap++) {
            addChunks(g, u + tap * tapStep, total + tap * row, floats);
        }
        long from = chunks > 1 ? total : u;
        long step = chunks > 1 ? row : tapStep;
        for (int j = 0; j < side; j++) {
            long in = from + j * step;
            transform.weightGradient(in, side * step, BYTES, columns + j * row, side * row, BYTES, floats / LANES);
        }
        for (int i = 0; i < 3; i++) {
            long in = columns + i * side * row;
            transform.weightGradient(in, row, BYTES, kernel + i * 3 * row, row, BYTES, floats / LANES);
        }
        for (int k = 0; k < 9; k++) {
            for (int ci = 0; ci < channels; ci++) {
                long to = dw + ((long) k * g.cin() + first + ci) * g.cout() * 4;
                write(kernel + k * row + (long) ci * width * 4, to, g.cout(), accumulate);
            }
        }
        if (item == 0 && dbias != null) {
            addChunks(g, sums + taps * tapStep, total, g.cout());
            write(total, Memory.address(dbias, 0, g.cout()), g.cout(), accumulate);
        }
    }

    private static void write(long from, long to, int count, boolean accumulate) {
        if (accumulate) {
            Rows.add(from, to, to, count);
        } else {
            Rows.copy(from, to, count);
        }
    }

    /** Adds a run of floats up over the chunks, in order. */
    private void addChunks(Conv2dGeometry g, long first, long to, int count) {
        Rows.copy(first, to, count);
        for (int chunk = 1; chunk < chunks(g); chunk++) {
            Rows.add(to, first + chunk * partialFloats(g) * 4, to, count);
        }
    }

    /** Input channels of one item of {@link #reduce}. */
    private static int reduceChannels(Conv2dGeometry g) {
        return Math.max(1, REDUCE_FLOATS / paddedOut(g));
    }

    private int chunks(Conv2dGeometry g) {
        return Math.clamp(transform.tiles(g) / CHUNK_TILES, 1, MAX_CHUNKS);
    }

    /** Input channels of one item. */
    private int blockChannels(Conv2dGeometry g) {
        int units = (g.cin() + BLOCK_UNIT - 1) / BLOCK_UNIT;
        int blocks = Math.clamp(ITEMS / chunks(g), 1, units);
        return (units + blocks - 1) / blocks * BLOCK_UNIT;
    }

    private int blocks(Conv2dGeometry g) {
        return (g.cin() + blockChannels(g) - 1) / blockChannels(g);
    }

    private int groupTiles(Conv2dGeometry g) {
        long fitting = GROUP_BYTES / (taps * (inStride(g) + outStride(g)) * 4L);
        return Math.clamp(fitting, 16, MAX_GROUP);
    }

    /** Floats from tile to tile: an odd number of cache lines, so that columns do not fall into one cache set. */
    private int inStride(Conv2dGeometry g) {
        int channels = Math.min(blockChannels(g), (g.cin() + ROWS - 1) / ROWS * ROWS);
        return ((channels + 15) / 16 | 1) * 16;
    }

    private static int outStride(Conv2dGeometry g) {
        return (paddedOut(g) / 16 | 1) * 16;
    }

    private static int paddedIn(Conv2dGeometry g) {
        return (g.cin() + ROWS - 1) / ROWS * ROWS;
    }

    private static int paddedOut(Conv2dGeometry g) {
        return (g.cout() + COLUMNS - 1) / COLUMNS * COLUMNS;
    }

    private long partialFloats(Conv2dGeometry g) {
        return ((long) taps * paddedIn(g) + 1) * paddedOut(g);
    }
}
