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
final class WinogradConv2dGradient {

    /** What a group's transformed patches and gradients may take: most of a second-level cache. */
    private static final long GROUP_BYTES = 1280 << 10;

    /** Tiles of a group at most: the depth of one product. */
    private static final int MAX_GROUP = 128;

    /** Fewer tiles than this are not worth a chunk of their own. */
    private static final int CHUNK_TILES = 96;

    private static final int MAX_CHUNKS = 8;

    /** With fewer chunks than this, items are split by input channels too. */
    private static final int ITEMS = 8;

    /** Input channels that blocks are multiples of: whole vectors and whole register tiles. */
    private static final int BLOCK_UNIT = LANES % ROWS == 0 ? LANES : 3 * LANES;

    /** Input channels of one item of {@link #reduce}. */
    private static final int REDUCE_CHANNELS = 8;

    private final WinogradTransform transform;
    private final int taps;

    WinogradConv2dGradient(WinogradTransform transform) {
        this.transform = transform;
        this.taps = transform.taps();
    }

    long workspaceBytes(Conv2dGeometry g) {
        long perTile = taps * (inStride(g) + outStride(g)) * 4L;
        long patch = (long) taps * Math.max(g.cin(), g.cout()) * 4;
        return perTile * groupTiles(g) + patch + taps * 8L + 2L * taps * BYTES + RegisterTile.BYTES_OUT;
    }

    int items(Conv2dGeometry g) {
        return chunks(g) * blocks(g);
    }

    long partialBytes(Conv2dGeometry g) {
        return chunks(g) * partialFloats(g) * Float.BYTES;
    }

    void compute(Conv2dGeometry g, long x, long dy, MemorySegment partials, MemorySegment workspace, int item) {
        int chunk = item / blocks(g);
        int block = item % blocks(g);
        int ci0 = block * blockChannels(g);
        int ci1 = Math.min(ci0 + blockChannels(g), g.cin());
        int begin = (int) ((long) transform.tiles(g) * chunk / chunks(g));
        int end = (int) ((long) transform.tiles(g) * (chunk + 1) / chunks(g));
        int group = groupTiles(g);
        long partial = Memory.address(partials, chunk * partialFloats(g), partialFloats(g));

        long offsets = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long scratch = offsets + taps * 8L;
        long tile = scratch + (long) taps * BYTES;
        long v = tile + RegisterTile.BYTES_OUT;
        long inTap = (long) group * inStride(g) * 4;
        long m = v + taps * inTap;
        long outTap = (long) group * outStride(g) * 4;
        long patch = m + taps * outTap;
        for (int tap = 0; tap < taps; tap++) {
            Memory.setLong(offsets + tap * 8L, tap * inTap);
        }
        for (int first = begin; first < end; first += group) {
            int count = Math.min(group, end - first);
            for (int t = 0; t < count; t++) {
                transformPatch(g, x, first + t, ci0, ci1, v + (long) t * inStride(g) * 4, offsets, scratch, patch);
                transformGradient(g, dy, first + t, m + (long) t * outStride(g) * 4, outTap, scratch, patch);
            }
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
                RegisterTile.multiplyTransposed(
                        v + (ci - ci0) * 4L, inStride(g) * 4L, m + c * 4L, outStride(g) * 4L, count, tile);
                DirectConv2dGradient.addTile(tile, partial + ci * width + c * 4L, width, first);
            }
        }
    }

    private void transformPatch(
            Conv2dGeometry g, long x, int tile, int ci0, int ci1, long out, long offsets, long scratch, long patch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int side = transform.side;
        int left = tile % across * transform.outputs - g.padLeft();
        int top = tile / across % down * transform.outputs - g.padTop();
        int n = tile / across / down;
        long pixel = g.xStride() * 4L;
        long image = x + (long) n * g.h() * g.w() * pixel + ci0 * 4L;
        int channels = ci1 - ci0;
        if (top >= 0 && left >= 0 && top + side <= g.h() && left + side <= g.w()) {
            long corner = image + ((long) top * g.w() + left) * pixel;
            transform.input(corner, g.w() * pixel, pixel, channels, out, offsets, scratch);
        } else {
            Patch.gather(image, g.h(), g.w(), pixel, top, left, side, side, channels, patch);
            transform.input(patch, side * channels * 4L, channels * 4L, channels, out, offsets, scratch);
        }
    }

    private void transformGradient(
            Conv2dGeometry g, long dy, int tile, long out, long tapStep, long scratch, long patch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int outputs = transform.outputs;
        int left = tile % across * outputs;
        int top = tile / across % down * outputs;
        int n = tile / across / down;
        long pixel = g.yStride() * 4L;
        long image = dy + (long) n * g.oh() * g.ow() * pixel;
        if (top + outputs <= g.oh() && left + outputs <= g.ow()) {
            long corner = image + ((long) top * g.ow() + left) * pixel;
            transform.outputGradient(corner, g.ow() * pixel, pixel, g.cout(), out, tapStep, scratch);
        } else {
            Patch.gather(image, g.oh(), g.ow(), pixel, top, left, outputs, outputs, g.cout(), patch);
            transform.outputGradient(patch, outputs * g.cout() * 4L, g.cout() * 4L, g.cout(), out, tapStep, scratch);
        }
    }

    int reduceItems(Conv2dGeometry g) {
        return (g.cin() + REDUCE_CHANNELS - 1) / REDUCE_CHANNELS;
    }

    void reduce(
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
        long scratch = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long total = scratch + (long) taps * BYTES;
        long tapStep = (long) paddedIn(g) * paddedOut(g) * 4;
        int last = Math.min((item + 1) * REDUCE_CHANNELS, g.cin());
        for (int ci = item * REDUCE_CHANNELS; ci < last; ci++) {
            for (int c = 0; c < g.cout(); c += LANES) {
                long u = sums + ((long) ci * paddedOut(g) + c) * 4;
                long to = dw + ((long) ci * g.cout() + c) * 4;
                long step = (long) g.cin() * g.cout() * 4;
                if (chunks == 1) {
                    transform.weightGradient(u, tapStep, to, step, accumulate, scratch);
                } else {
                    for (int tap = 0; tap < taps; tap++) {
                        addChunks(g, u + tap * tapStep, total + (long) tap * BYTES, LANES);
                    }
                    transform.weightGradient(total, BYTES, to, step, accumulate, scratch);
                }
            }
        }
        if (item == 0 && dbias != null) {
            long db = Memory.address(dbias, 0, g.cout());
            long bias = sums + taps * tapStep;
            for (int c = 0; c < g.cout(); c += LANES) {
                addChunks(g, bias + c * 4L, total, LANES);
                if (accumulate) {
                    Rows.add(total, db + c * 4L, db + c * 4L, LANES);
                } else {
                    Rows.copy(total, db + c * 4L, LANES);
                }
            }
        }
    }

    /** Adds a run of floats up over the chunks, in order. */
    private void addChunks(Conv2dGeometry g, long first, long to, int count) {
        Rows.copy(first, to, count);
        for (int chunk = 1; chunk < chunks(g); chunk++) {
            Rows.add(to, first + chunk * partialFloats(g) * 4, to, count);
        }
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
