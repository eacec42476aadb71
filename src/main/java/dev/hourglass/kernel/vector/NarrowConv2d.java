package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Convolution forward to few channels, where a register tile's columns would be empty for the most part: the lanes run along the depth
 * instead, and each output is a dot product with a row of the im2col matrix, which is gathered unless it is the input as it is. Packed
 * weights are rows {@code [cout, padded depth]}, zero-padded to whole vectors, then the bias. They are few, and kept in float32 whatever
 * {@link WeightFormat} they are rounded to. Where {@link ShiftedConv2d} suits, it is faster.
 */
final class NarrowConv2d implements ForwardConv2d {

    /** Rows whose dot products run side by side. */
    private static final int SIDE_BY_SIDE = 4;

    /** From one dot product to the next in the vector that holds them. */
    private static final long DOT_STEP = BYTES / SIDE_BY_SIDE;

    /** The second, third and fourth quarter of the lanes. */
    private static final VectorMask<Float> SECOND = quarter(1);

    private static final VectorMask<Float> THIRD = quarter(2);
    private static final VectorMask<Float> FOURTH = quarter(3);

    /** Output pixels of one item. */
    private static final int BLOCK_ROWS = 96;

    /** Columns that are gathered, or read in place, at a time, at most. */
    static final int DEPTH = 288;

    /** Bytes from row to row of what is gathered. */
    private static final long STRIDE = (long) DEPTH * Float.BYTES;

    private final WeightFormat format;

    NarrowConv2d(WeightFormat format) {
        this.format = format;
    }

    /** Whether this way is the better one: the outputs fill a quarter of a register tile's columns at most. */
    static boolean suits(Conv2dGeometry g) {
        return g.cout() * 4 <= COLUMNS;
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return (long) g.cout() * (paddedDepth(g) + 1) * Float.BYTES;
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        return g.cout();
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
        long to = Memory.address(packed, 0, packedBytes(g) / 4);
        long row = to + (long) item * paddedDepth(g) * 4;
        for (int k = 0; k < g.depth(); k++) {
            Memory.set(row + k * 4L, format.round(Memory.get(from + ((long) k * g.cout() + item) * 4)));
        }
        Rows.zero(row + g.depth() * 4L, paddedDepth(g) - g.depth());
        float shift = bias == null ? 0 : Memory.get(Memory.address(bias, item, 1));
        Memory.set(biasAt(g, to) + item * 4L, shift);
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        int in = adjoint.cout();
        int out = adjoint.cin();
        int taps = adjoint.kh() * adjoint.kw();
        long from = Memory.address(weight, 0, (long) adjoint.depth() * in);
        long to = Memory.address(packed, 0, packedBytes(adjoint) / 4);
        long row = to + (long) item * paddedDepth(adjoint) * 4;
        for (int tap = 0; tap < taps; tap++) {
            Rows.copy(from + ((long) (taps - 1 - tap) * in + item) * out * 4, row + (long) tap * out * 4, out);
        }
        for (int k = 0; k < adjoint.depth() && format != WeightFormat.FLOAT32; k++) {
            Memory.set(row + k * 4L, format.round(Memory.get(row + k * 4L)));
        }
        Rows.zero(row + adjoint.depth() * 4L, paddedDepth(adjoint) - adjoint.depth());
        Memory.set(biasAt(adjoint, to) + item * 4L, 0f);
    }

    private static long biasAt(Conv2dGeometry g, long packed) {
        return packed + (long) g.cout() * paddedDepth(g) * 4;
    }

    /** The depth in whole vectors. */
    static int paddedDepth(Conv2dGeometry g) {
        return (g.depth() + LANES - 1) / LANES * LANES;
    }

    /** {@link Im2col#gather} of columns from {@code k0} on, {@link #DEPTH} at most, zero-padded; returns how many vectors. */
    static int gather(Conv2dGeometry g, long x, int row0, int rows, int k0, long out, int outStride) {
        int depth = Math.min(DEPTH, g.depth() - k0);
        int vectors = (depth + LANES - 1) / LANES;
        Im2col.gather(g, x, row0, rows, k0, k0 + depth, out, outStride);
        for (int r = 0; r < rows && depth < vectors * LANES; r++) {
            Rows.zero(out + ((long) r * outStride + depth) * 4, vectors * LANES - depth);
        }
        return vectors;
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        return BLOCK_ROWS * STRIDE + BYTES;
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return (g.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
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
        int row0 = item * BLOCK_ROWS;
        int rows = Math.min(BLOCK_ROWS, g.rows() - row0);
        long a = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long dots = a + BLOCK_ROWS * STRIDE;
        long weights = Memory.address(packed, 0, packedBytes(g) / 4);
        long shifts = shift == null ? 0 : Memory.address(shift, 0, (long) g.n() * g.cout());
        int pixels = g.oh() * g.ow();
        boolean gathered = !Im2col.pointwise(g) || g.depth() % LANES != 0;
        long step = gathered ? STRIDE : g.xStride() * 4L;
        for (int k0 = 0; k0 < g.depth(); k0 += DEPTH) {
            int vectors = gathered ? gather(g, x, row0, rows, k0, a, DEPTH) : Math.min(DEPTH, g.depth() - k0) / LANES;
            long from = gathered ? a : x + ((long) row0 * g.xStride() + k0) * 4;
            for (int c = 0; c < g.cout(); c++) {
                long w = weights + ((long) c * paddedDepth(g) + k0) * 4;
                float bias = Memory.get(biasAt(g, weights) + c * 4L);
                for (int r = 0; r < rows; r += SIDE_BY_SIDE) {
                    int count = Math.min(SIDE_BY_SIDE, rows - r);
                    dots(from + r * step, step, count, w, vectors, dots);
                    for (int i = 0; i < count; i++) {
                        int row = row0 + r + i;
                        long at = ((long) row * g.yStride() + c) * 4;
                        float start = Memory.get(y + at);
                        if (k0 == 0) {
                            start = shift == null
                                    ? bias
                                    : bias + Memory.get(shifts + (row / pixels * g.cout() + c) * 4L);
                            start = addend == 0 ? start : start + Memory.get(addend + at);
                        }
                        Memory.set(y + at, start + Memory.get(dots + i * DOT_STEP));
                    }
                }
            }
        }
    }

    /**
     * The dot products of up to {@link #SIDE_BY_SIDE} rows with one row of weights, {@link #DOT_STEP} apart.
     *
     * @param step bytes from row to row
     */
    private static void dots(long rows, long step, int count, long weights, int vectors, long out) {
        long a0 = rows & MASK;
        long a1 = (rows + Math.min(1, count - 1) * step) & MASK;
        long a2 = (rows + Math.min(2, count - 1) * step) & MASK;
        long a3 = (rows + Math.min(3, count - 1) * step) & MASK;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = FloatVector.zero(S);
        FloatVector s2 = FloatVector.zero(S);
        FloatVector s3 = FloatVector.zero(S);
        for (int v = 0; v < vectors; v++) {
            long at = (long) v * BYTES & STEP;
            FloatVector w = FloatVector.fromMemorySegment(S, ALL, (weights + at) & MASK, ORDER);
            s0 = FloatVector.fromMemorySegment(S, ALL, a0 + at, ORDER).fma(w, s0);
            s1 = FloatVector.fromMemorySegment(S, ALL, a1 + at, ORDER).fma(w, s1);
            s2 = FloatVector.fromMemorySegment(S, ALL, a2 + at, ORDER).fma(w, s2);
            s3 = FloatVector.fromMemorySegment(S, ALL, a3 + at, ORDER).fma(w, s3);
        }
        // Lanes are added as a tree (see Lanes). Down to a quarter, which repeats, the rows share a vector;
        // what is turned across its quarters later is not read.
        s0 = s0.add(s0.rearrange(Lanes.BY_HALF));
        s1 = s1.add(s1.rearrange(Lanes.BY_HALF));
        s2 = s2.add(s2.rearrange(Lanes.BY_HALF));
        s3 = s3.add(s3.rearrange(Lanes.BY_HALF));
        s0 = s0.add(s0.rearrange(Lanes.BY_QUARTER));
        s1 = s1.add(s1.rearrange(Lanes.BY_QUARTER));
        s2 = s2.add(s2.rearrange(Lanes.BY_QUARTER));
        s3 = s3.add(s3.rearrange(Lanes.BY_QUARTER));
        FloatVector all = s0.blend(s1, SECOND).blend(s2, THIRD).blend(s3, FOURTH);
        if (LANES >= 8) {
            all = all.add(all.rearrange(Lanes.BY_EIGHTH));
        }
        if (LANES >= 16) {
            all = all.add(all.rearrange(Lanes.BY_SIXTEENTH));
        }
        all.intoMemorySegment(ALL, out & MASK, ORDER);
    }

    private static VectorMask<Float> quarter(int index) {
        boolean[] lanes = new boolean[LANES];
        Arrays.fill(lanes, index * LANES / 4, (index + 1) * LANES / 4, true);
        return VectorMask.fromArray(S, lanes, 0);
    }
}
