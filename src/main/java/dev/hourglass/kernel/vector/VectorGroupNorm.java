package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.GroupNorm;
import java.lang.foreign.MemorySegment;

/**
 * The vector twin of {@link GroupNorm}. An image {@code [pixels, channels]} is seen as a matrix with several pixels in each row, as
 * many as it takes for a row to be a whole number of vectors, whatever the number of channels: column {@code v} holds channel
 * {@code v % channels}. Work goes down a few vectors of columns after the other; the pixels that do not fill a row are done one by one.
 *
 * <p>No vector is handed from method to method: these methods are so large that C2 inlines none of ours into them.
 */
public final class VectorGroupNorm implements GroupNorm {

    /** Rows added up in one go in float; the sums of such runs are then added. */
    static final int RUN = 256;

    /** Vectors of columns that are done side by side where there are as many: memory is then read in longer runs. */
    static final int WIDE = 4;

    /** Rows of a run where columns are wide: half of the others', because these are split into even and odd rows. */
    static final int WIDE_RUN = RUN / 2;

    /** Scratch memory of {@link GroupMoments} holds three numbers for each column, in planes: bytes from one plane to the next. */
    static final long PLANE = (long) WIDE * Memory.BYTES;

    private static final int SCRATCH_FLOATS = 3 * WIDE * Memory.LANES;

    /** The fewest pixels that fill a row: {@code LANES / gcd(channels, LANES)}, where {@code LANES} is a power of two. */
    static int pixelsPerRow(int channels) {
        return Memory.LANES / Math.min(Integer.lowestOneBit(channels), Memory.LANES);
    }

    @Override
    public long workspaceBytes(int pixels, int channels) {
        return 4L * (SCRATCH_FLOATS + GroupTable.floats(channels) + (long) pixels * channels);
    }

    @Override
    public void statistics(
            MemorySegment x,
            MemorySegment stats,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            float eps,
            int n) {
        long floats = (long) pixels * channels;
        GroupMoments.image(
                Memory.address(x, n * floats, floats),
                Memory.address(stats, 2L * n * groups, 2L * groups),
                Memory.address(workspace, 0, SCRATCH_FLOATS),
                pixels,
                channels,
                channels / groups,
                eps);
    }

    @Override
    public void normalise(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment y,
            MemorySegment stats,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            boolean silu,
            int n,
            int from,
            int to) {
        long first = ((long) n * pixels + from) * channels;
        long floats = (long) (to - from) * channels;
        GroupNormalisation.pixels(
                Memory.address(x, first, floats),
                Memory.address(gamma, 0, channels),
                Memory.address(beta, 0, channels),
                Memory.address(y, first, floats),
                Memory.address(stats, 2L * n * groups, 2L * groups),
                Memory.address(workspace, SCRATCH_FLOATS, GroupTable.floats(channels)),
                to - from,
                channels,
                channels / groups,
                silu);
    }

    @Override
    public void backward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment stats,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment partials,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            boolean silu,
            int from,
            int to) {
        long gammas = Memory.address(gamma, 0, channels);
        long betas = Memory.address(beta, 0, channels);
        long table = Memory.address(workspace, SCRATCH_FLOATS, GroupTable.floats(channels));
        long floats = (long) pixels * channels;
        int width = channels / groups;
        for (int n = from; n < to; n++) {
            long xs = Memory.address(x, n * floats, floats);
            long dys = Memory.address(dy, n * floats, floats);
            long dxs = dx == null ? 0 : Memory.address(dx, n * floats, floats);
            long moments = Memory.address(stats, 2L * n * groups, 2L * groups);
            long sums = Memory.address(partials, 2L * n * channels, 2L * channels);
            if (silu) {
                // In place where that is possible: less goes through the caches.
                boolean apart = dx == null || accumulate;
                long dn = apart ? Memory.address(workspace, SCRATCH_FLOATS + GroupTable.floats(channels), floats) : dxs;
                GroupSiluGradient.image(xs, gammas, betas, moments, dys, dn, sums, table, pixels, channels, width);
                dys = dn;
            } else {
                GroupSums.image(xs, dys, moments, sums, table, pixels, channels, width);
            }
            if (dx != null) {
                GroupGradient.image(xs, gammas, moments, dys, dxs, accumulate, sums, table, pixels, channels, width);
            }
        }
    }

    @Override
    public void reduceGradient(
            MemorySegment partials,
            int images,
            int channels,
            MemorySegment dgamma,
            MemorySegment dbeta,
            boolean accumulate) {
        long sums = Memory.address(partials, 0, 2L * images * channels);
        long row = (long) channels * Float.BYTES;
        ColumnSums.sum(sums, images, 2 * row, channels, Memory.address(dgamma, 0, channels), accumulate);
        ColumnSums.sum(sums + row, images, 2 * row, channels, Memory.address(dbeta, 0, channels), accumulate);
    }
}
