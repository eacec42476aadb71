package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;
import static dev.hourglass.kernel.vector.RegisterTile.ZEROS;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;

/**
 * Convolution forward to few channels from many, by kn2row (Vasudevan et al. 2017, arXiv 1704.04428): each input pixel is multiplied by
 * the weights of all taps, which together fill the columns of register tiles, and an output is the sum of its taps' products, each of
 * another pixel. No pixel is gathered more than once.
 *
 * <p>Packed weights are panels {@code [panels, cin, COLUMNS]}, whose columns are {@code [taps, cout]}, zero-padded, then the bias.
 */
final class ShiftedConv2d implements ForwardConv2d {

    /** What the products of an item take, about: they are read again from a second-level cache. */
    private static final long STRIP_BYTES = 128 << 10;

    /** Output rows of an item, at least, for each row that is multiplied for the next item once more. */
    private static final int ROWS_PER_SHARED = 4;

    /** Input pixels gathered at a time. */
    private static final int BLOCK_ROWS = 8 * ROWS;

    private final WeightFormat format;

    ShiftedConv2d(WeightFormat format) {
        this.format = format;
    }

    /**
     * Whether this way is the better one for a convolution that {@link NarrowConv2d#suits}: pixels would be gathered several times, and
     * have whole vectors of channels.
     */
    static boolean suits(Conv2dGeometry g) {
        return g.kh() * g.kw() > 1
                && g.strideH() == 1
                && g.strideW() == 1
                && g.upH() == 1
                && g.upW() == 1
                && g.cin() >= LANES;
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return panels(g) * panelBytes(g) + g.cout() * 4L;
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        return 1;
    }

    @Override
    public void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item) {
        long from = Memory.address(weight, 0, (long) g.depth() * g.cout());
        long row = g.cout() * 4L;
        long to = pack(g, from, g.cin() * row, row, 4, packed);
        if (bias != null) {
            Rows.copy(Memory.address(bias, 0, g.cout()), biasAt(g, to), g.cout());
        }
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        long row = adjoint.cin() * 4L;
        long tap = adjoint.cout() * row;
        long from = Memory.address(weight, 0, (long) adjoint.depth() * adjoint.cout());
        pack(adjoint, from + (adjoint.kh() * adjoint.kw() - 1) * tap, -tap, 4, row, packed);
    }

    /**
     * Packs weights without a bias; returns the address of what is packed.
     *
     * @param from address of the first tap's weights
     * @param tapStep bytes from tap to tap
     * @param inStep bytes from input channel to input channel
     * @param outStep bytes from output channel to output channel
     */
    private long pack(Conv2dGeometry g, long from, long tapStep, long inStep, long outStep, MemorySegment packed) {
        int floats = Math.toIntExact(packedBytes(g) / 4);
        long to = Memory.address(packed, 0, floats);
        Rows.zero(to, floats);
        for (int tap = 0; tap < g.kh() * g.kw(); tap++) {
            for (int c = 0; c < g.cout(); c++) {
                int column = tap * g.cout() + c;
                long panel = to + column / COLUMNS * panelBytes(g) + column % COLUMNS * 4L;
                for (int k = 0; k < g.cin(); k++) {
                    float value = Memory.get(from + tap * tapStep + k * inStep + c * outStep);
                    Memory.set(panel + k * BYTES_ROW, format.round(value));
                }
            }
        }
        return to;
    }

    private static long biasAt(Conv2dGeometry g, long packed) {
        return packed + panels(g) * panelBytes(g);
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        return BLOCK_ROWS * STRIDE + RegisterTile.BYTES_OUT + panels(g) * planeBytes(g);
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return g.n() * strips(g);
    }

    @Override
    public void forward(
            Conv2dGeometry g,
            long x,
            MemorySegment packed,
            MemorySegment shift,
            long addend,
            long y,
            MemorySegment workspace,
            int item) {
        int n = item / strips(g);
        int oy0 = item % strips(g) * stripRows(g);
        int oy1 = Math.min(oy0 + stripRows(g), g.oh());
        int iy0 = Math.clamp(oy0 - g.padTop(), 0, g.h());
        int iy1 = Math.clamp(oy1 - g.padTop() + sharedRows(g), iy0, g.h());
        long a = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long scratch = a + BLOCK_ROWS * STRIDE;
        long planes = scratch + RegisterTile.BYTES_OUT; // products [panels, input pixels, COLUMNS]
        long weights = Memory.address(packed, 0, packedBytes(g) / 4);
        long plane = planeBytes(g);
        long first = x + ((long) n * g.h() + iy0) * g.w() * g.xStride() * 4;
        multiply(g, first, (iy1 - iy0) * g.w(), weights, a, planes, plane, scratch);
        long shifts = shift == null ? 0 : Memory.address(shift, (long) n * g.cout(), g.cout());
        for (int oy = oy0; oy < oy1; oy++) {
            long row = ((long) n * g.oh() + oy) * g.ow() * g.yStride() * 4;
            begin(g, biasAt(g, weights), shifts, addend == 0 ? 0 : addend + row, y + row);
            for (int i = 0; i < g.kh(); i++) {
                int iy = g.inputRow(oy, i);
                if (iy >= 0) {
                    add(g, i, planes + (iy - iy0) * g.w() * BYTES_ROW, plane, y + row);
                }
            }
        }
    }

    /** The products of consecutive input pixels with all weights. */
    private static void multiply(
            Conv2dGeometry g, long x, int pixels, long weights, long a, long planes, long plane, long scratch) {
        long pixel = g.xStride() * 4L;
        for (int r = 0; r < pixels; r += BLOCK_ROWS) {
            int rows = Math.min(BLOCK_ROWS, pixels - r);
            for (int k = 0; k < g.cin(); k += DEPTH) {
                int depth = Math.min(DEPTH, g.cin() - k);
                int inPlace = RegisterTile.inPlace(rows, pixel);
                long there = x + r * pixel + k * 4L;
                Im2col.copy(there + inPlace * pixel, pixel, a, STRIDE, rows - inPlace, depth);
                for (int p = 0; p < panels(g); p++) {
                    long b = weights + p * panelBytes(g) + k * BYTES_ROW;
                    int height;
                    for (int t = 0; t < rows; t += height) {
                        height = RegisterTile.next(rows - t);
                        long left = t < inPlace ? there + t * pixel : a + (t - inPlace) * STRIDE;
                        long stride = t < inPlace ? pixel : STRIDE;
                        long to = planes + p * plane + (r + t) * BYTES_ROW;
                        if (k == 0) {
                            RegisterTile.multiply(left, stride, b, depth, ZEROS, to, BYTES_ROW, height);
                        } else {
                            RegisterTile.multiplyAdd(
                                    left, stride, b, depth, to, BYTES_ROW, to, BYTES_ROW, height, scratch);
                        }
                    }
                }
            }
        }
    }

    /** What one row of outputs begins with: bias, shift and addend. */
    private static void begin(Conv2dGeometry g, long bias, long shift, long addend, long y) {
        for (int ox = 0; ox < g.ow(); ox++) {
            for (int c = 0; c < g.cout(); c++) {
                long at = (ox * (long) g.yStride() + c) * 4;
                float start = Memory.get(bias + c * 4L);
                start = shift == 0 ? start : start + Memory.get(shift + c * 4L);
                Memory.set(y + at, addend == 0 ? start : start + Memory.get(addend + at));
            }
        }
    }

    /**
     * Adds the products of the taps of one kernel row to one row of outputs.
     *
     * @param products address of the first panel's products of the input row's pixels
     * @param plane bytes from panel to panel
     */
    private static void add(Conv2dGeometry g, int kernelRow, long products, long plane, long y) {
        long step = g.yStride() * 4L;
        for (int j = 0; j < g.kw(); j++) {
            int right = j * g.dilationW() - g.padLeft();
            int from = Math.clamp(-right, 0, g.ow());
            int to = Math.clamp(g.w() - right, from, g.ow());
            for (int c = 0; c < g.cout(); c++) {
                int column = (kernelRow * g.kw() + j) * g.cout() + c;
                long in = products + column / COLUMNS * plane + column % COLUMNS * 4L + right * BYTES_ROW;
                addColumn(in, y + c * 4L, step, from, to);
            }
        }
    }

    private static void addColumn(long products, long y, long step, int from, int to) {
        for (int ox = from; ox < to; ox++) {
            long at = y + ox * step;
            Memory.set(at, Memory.get(at) + Memory.get(products + ox * BYTES_ROW));
        }
    }

    /** Output rows of an item. */
    private static int stripRows(Conv2dGeometry g) {
        int fitting = (int) (STRIP_BYTES / (panels(g) * g.w() * BYTES_ROW)) - sharedRows(g);
        return Math.clamp(Math.max(fitting, ROWS_PER_SHARED * sharedRows(g)), 1, g.oh());
    }

    private static int strips(Conv2dGeometry g) {
        return (g.oh() + stripRows(g) - 1) / stripRows(g);
    }

    /** Input rows that two adjoining output rows and all that lies between them share. */
    private static int sharedRows(Conv2dGeometry g) {
        return (g.kh() - 1) * g.dilationH();
    }

    /** Bytes of an item's products with one panel, and of the rows that its last tile may write too many. */
    private static long planeBytes(Conv2dGeometry g) {
        long rows = Math.min(stripRows(g) + sharedRows(g), g.h());
        return (rows * g.w() + ROWS) * BYTES_ROW;
    }

    /** Panels of all taps' output channels. */
    private static int panels(Conv2dGeometry g) {
        return (g.kh() * g.kw() * g.cout() + COLUMNS - 1) / COLUMNS;
    }

    private static long panelBytes(Conv2dGeometry g) {
        return g.cin() * BYTES_ROW;
    }
}
