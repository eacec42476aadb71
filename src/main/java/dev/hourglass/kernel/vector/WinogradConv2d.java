package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * Winograd's convolution forward. An item is a group of tiles: their patches are transformed into a workspace, multiplied tap by tap with
 * the transformed weights, and transformed back. Packed weights are {@code [taps, panels, cin, COLUMNS]} and the bias
 * {@code [panels, COLUMNS]}.
 *
 * <p>Transformed patches are rows of {@link RegisterTile#STRIDE} bytes, several taps side by side in one row where the channels are few
 * ("slabs"), and several rows one after the other where they are many ("chunks").
 */
final class WinogradConv2d {

    /** What an item's transformed patches and products may take: most of a second-level cache. */
    private static final long GROUP_BYTES = 1536 << 10;

    /** With fewer groups of tiles than this, groups are made smaller, and then split by output channels, to keep all threads busy. */
    private static final int ITEMS = 16;

    private final WinogradTransform transform;
    private final int taps;

    WinogradConv2d(WinogradTransform transform) {
        this.transform = transform;
        this.taps = transform.taps();
    }

    /** Whether this algorithm can compute a convolution at all. */
    static boolean supports(Conv2dGeometry g) {
        return g.kh() == 3
                && g.kw() == 3
                && g.strideH() == 1
                && g.strideW() == 1
                && g.dilationH() == 1
                && g.dilationW() == 1
                && g.upH() == 1
                && g.upW() == 1
                && g.cin() % LANES == 0
                && g.cout() % LANES == 0;
    }

    long packedBytes(Conv2dGeometry g) {
        return ((long) taps * g.cin() + 1) * panels(g) * COLUMNS * Float.BYTES;
    }

    int packItems(Conv2dGeometry g) {
        return panels(g);
    }

    void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item) {
        long scratch = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        int columns = Math.min(COLUMNS, g.cout() - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) g.depth() * g.cout()) + (long) item * COLUMNS * 4;
        long to = Memory.address(packed, 0, packedBytes(g) / 4);
        long tapStep = tapStep(g);
        long panel = to + (long) item * g.cin() * COLUMNS * 4;
        for (int ci = 0; ci < g.cin(); ci++) {
            for (int c = 0; c < columns; c += LANES) {
                long first = from + ((long) ci * g.cout() + c) * 4;
                long out = panel + ((long) ci * COLUMNS + c) * 4;
                transform.weight(first, (long) g.cin() * g.cout() * 4, out, tapStep, scratch);
            }
        }
        zeroRest(g, panel, columns);
        long row = to + taps * tapStep + (long) item * COLUMNS * 4;
        for (int c = 0; c < COLUMNS; c++) {
            Memory.set(row + c * 4L, 0f);
        }
        if (bias != null) {
            Rows.copy(Memory.address(bias, (long) item * COLUMNS, columns), row, columns);
        }
    }

    /** Packs the weights of {@code g} for its adjoint: channels swapped, taps in reverse order. */
    void packAdjoint(Conv2dGeometry g, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        Conv2dGeometry adjoint = g.adjoint();
        long scratch = Memory.address(workspace, 0, workspaceBytes(adjoint) / 4);
        int columns = Math.min(COLUMNS, g.cin() - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) g.depth() * g.cout());
        long to = Memory.address(packed, 0, packedBytes(adjoint) / 4);
        long tapStep = tapStep(adjoint);
        long panel = to + (long) item * g.cout() * COLUMNS * 4;
        long kernel = scratch + (long) taps * BYTES; // [9, LANES]: one output channel, a vector of input channels
        for (int co = 0; co < g.cout(); co++) {
            for (int c = 0; c < columns; c += LANES) {
                int ci = item * COLUMNS + c;
                for (int tap = 0; tap < 9; tap++) {
                    long first = from + (((8L - tap) * g.cin() + ci) * g.cout() + co) * 4;
                    for (int lane = 0; lane < LANES; lane++) {
                        Memory.set(
                                kernel + ((long) tap * LANES + lane) * 4,
                                Memory.get(first + (long) lane * g.cout() * 4));
                    }
                }
                transform.weight(kernel, BYTES, panel + ((long) co * COLUMNS + c) * 4, tapStep, scratch);
            }
        }
        zeroRest(adjoint, panel, columns);
        long row = to + taps * tapStep + (long) item * COLUMNS * 4;
        for (int c = 0; c < COLUMNS; c++) {
            Memory.set(row + c * 4L, 0f);
        }
    }

    private void zeroRest(Conv2dGeometry g, long panel, int columns) {
        for (int tap = 0; tap < taps && columns < COLUMNS; tap++) {
            for (int ci = 0; ci < g.cin(); ci++) {
                for (int c = columns; c < COLUMNS; c++) {
                    Memory.set(panel + tap * tapStep(g) + ((long) ci * COLUMNS + c) * 4, 0f);
                }
            }
        }
    }

    long workspaceBytes(Conv2dGeometry g) {
        int tiles = groupTiles(g);
        return tileBytes(g) * tiles + fixedBytes(g);
    }

    /** Transformed patches and products of one tile. */
    private long tileBytes(Conv2dGeometry g) {
        return slabs(g) * STRIDE + (long) taps * panels(g) * COLUMNS * 4;
    }

    private long fixedBytes(Conv2dGeometry g) {
        return taps * 8L
                + (long) taps * BYTES
                + taps * g.cin() * 4L
                + (long) panels(g) * COLUMNS * 4
                + RegisterTile.BYTES_OUT;
    }

    int forwardItems(Conv2dGeometry g) {
        return groups(g) * columnBlocks(g);
    }

    void forward(
            Conv2dGeometry g,
            long x,
            MemorySegment packed,
            MemorySegment shift,
            long addend,
            long y,
            MemorySegment workspace,
            int item) {
        int panels = panels(g);
        int columnBlocks = columnBlocks(g);
        int block = item % columnBlocks;
        int panel0 = (int) ((long) panels * block / columnBlocks);
        int panel1 = (int) ((long) panels * (block + 1) / columnBlocks);
        int group = groupTiles(g);
        int tile0 = item / columnBlocks * group;
        int count = Math.min(group, transform.tiles(g) - tile0);

        long offsets = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long scratch = offsets + taps * 8L;
        long patch = scratch + (long) taps * BYTES;
        long shifted = patch + taps * g.cin() * 4L;
        long partial = shifted + (long) panels * COLUMNS * 4;
        long v = partial + RegisterTile.BYTES_OUT;
        long m = v + slabs(g) * STRIDE * group;
        placeTaps(g, group, offsets);

        for (int t = 0; t < count; t++) {
            transformPatch(g, x, tile0 + t, v + t * STRIDE, group * STRIDE, offsets, scratch, patch);
        }
        long weights = Memory.address(packed, 0, packedBytes(g) / 4);
        for (int tap = 0; tap < taps; tap++) {
            for (int p = panel0; p < panel1; p++) {
                long u = weights + tap * tapStep(g) + (long) p * g.cin() * COLUMNS * 4;
                long product = m + ((long) tap * panels + p) * group * COLUMNS * 4;
                multiply(g, v + Memory.getLong(offsets + tap * 8L), u, product, count, group, partial);
            }
        }
        long bias = weights + taps * tapStep(g);
        writeTiles(g, m, bias, shift, shifted, addend, y, tile0, count, panel0, panel1, group, scratch);
    }

    /** One tap's products for all tiles of a group and one panel of output channels. */
    private static void multiply(Conv2dGeometry g, long v, long u, long product, int count, int group, long partial) {
        int depth = Math.min(g.cin(), DEPTH);
        for (int r = 0; r < count; r += ROWS) {
            RegisterTile.multiply(v + r * STRIDE, u, depth, product + (long) r * COLUMNS * 4);
        }
        for (int k = DEPTH; k < g.cin(); k += DEPTH) {
            long chunk = v + k / DEPTH * (group * STRIDE);
            for (int r = 0; r < count; r += ROWS) {
                RegisterTile.multiply(
                        chunk + r * STRIDE, u + (long) k * COLUMNS * 4, Math.min(DEPTH, g.cin() - k), partial);
                long to = product + (long) r * COLUMNS * 4;
                Rows.add(partial, to, to, ROWS * COLUMNS);
            }
        }
    }

    /** Gathers and transforms one patch; patches inside the image are read where they are. */
    private void transformPatch(
            Conv2dGeometry g, long x, int tile, long out, long chunkStep, long offsets, long scratch, long patch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int side = transform.side;
        int left = tile % across * transform.outputs - g.padLeft();
        int top = tile / across % down * transform.outputs - g.padTop();
        int n = tile / across / down;
        long image = x + (long) n * g.h() * g.w() * g.xStride() * 4;
        long pixel = g.xStride() * 4L;
        boolean inside = top >= 0 && left >= 0 && top + side <= g.h() && left + side <= g.w();
        long corner = inside ? image + ((long) top * g.w() + left) * pixel : patch;
        long rowStep = inside ? g.w() * pixel : side * g.cin() * 4L;
        long columnStep = inside ? pixel : g.cin() * 4L;
        if (!inside) {
            Patch.gather(image, g.h(), g.w(), pixel, top, left, side, side, g.cin(), patch);
        }
        for (int k = 0; k < g.cin(); k += DEPTH) {
            long chunk = out + k / DEPTH * chunkStep;
            int channels = Math.min(DEPTH, g.cin() - k);
            transform.input(corner + k * 4L, rowStep, columnStep, channels, chunk, offsets, scratch);
        }
    }

    /** Transforms the products of a group back and writes the outputs. */
    private void writeTiles(
            Conv2dGeometry g,
            long m,
            long bias,
            MemorySegment shift,
            long shifted,
            long addend,
            long y,
            int tile0,
            int count,
            int panel0,
            int panel1,
            int group,
            long scratch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int outputs = transform.outputs;
        long tapStep = (long) panels(g) * group * COLUMNS * 4;
        long pixel = g.yStride() * 4L;
        int first = panel0 * COLUMNS;
        int last = Math.min(panel1 * COLUMNS, g.cout());
        int image = -1;
        long biasRow = bias;
        for (int t = 0; t < count; t++) {
            int tile = tile0 + t;
            int left = tile % across * outputs;
            int top = tile / across % down * outputs;
            int n = tile / across / down;
            if (shift != null && n != image) {
                image = n;
                biasRow = shifted;
                long row = Memory.address(shift, (long) n * g.cout(), g.cout());
                Rows.add(bias + first * 4L, row + first * 4L, shifted + first * 4L, last - first);
            }
            long at = (((long) n * g.oh() + top) * g.ow() + left) * pixel;
            int rows = Math.min(outputs, g.oh() - top);
            int columns = Math.min(outputs, g.ow() - left);
            for (int c = first; c < last; c += LANES) {
                long from = m + (((long) c / COLUMNS * group + t) * COLUMNS + c % COLUMNS) * 4;
                transform.output(
                        from,
                        tapStep,
                        biasRow + c * 4L,
                        y + at + c * 4L,
                        addend == 0 ? 0 : addend + at + c * 4L,
                        g.ow() * pixel,
                        pixel,
                        rows,
                        columns,
                        scratch);
            }
        }
    }

    /** Where each tap of a transformed patch lies, in bytes from the patch's first: slabs of rows, taps side by side in a slab. */
    private void placeTaps(Conv2dGeometry g, int group, long offsets) {
        int perSlab = tapsPerSlab(g);
        int chunks = chunks(g);
        for (int tap = 0; tap < taps; tap++) {
            long slab = (long) (tap / perSlab) * chunks * group * STRIDE;
            Memory.setLong(offsets + tap * 8L, slab + (long) (tap % perSlab) * g.cin() * 4);
        }
    }

    private static int tapsPerSlab(Conv2dGeometry g) {
        return Math.max(1, DEPTH / g.cin());
    }

    /** Rows that one tap of one tile takes. */
    private static int chunks(Conv2dGeometry g) {
        return (g.cin() + DEPTH - 1) / DEPTH;
    }

    /** Rows that all taps of one tile take. */
    private int slabs(Conv2dGeometry g) {
        int perSlab = tapsPerSlab(g);
        return (taps + perSlab - 1) / perSlab * chunks(g);
    }

    private static int panels(Conv2dGeometry g) {
        return (g.cout() + COLUMNS - 1) / COLUMNS;
    }

    private static long tapStep(Conv2dGeometry g) {
        return (long) panels(g) * g.cin() * COLUMNS * 4;
    }

    /** Tiles of one item, a multiple of the register tile's rows. */
    int groupTiles(Conv2dGeometry g) {
        int fitting = Math.max(1, (int) (GROUP_BYTES / tileBytes(g) / ROWS));
        int spread = Math.max(1, transform.tiles(g) / (ROWS * ITEMS));
        return Math.min(fitting, spread) * ROWS;
    }

    private int groups(Conv2dGeometry g) {
        return (transform.tiles(g) + groupTiles(g) - 1) / groupTiles(g);
    }

    private int columnBlocks(Conv2dGeometry g) {
        return Math.clamp(ITEMS / groups(g), 1, panels(g));
    }
}
