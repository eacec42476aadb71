package dev.hourglass.bench.roofline;

import dev.hourglass.bench.peer.Work;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Slab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Arrays streamed through one thread, as fast as whatever level of cache they fit into allows. */
final class Stream implements Work {

    /** What is done with the arrays. */
    enum Kind {
        /** {@code y = x}, the JDK's copy. */
        COPY(2, 2),
        /** {@code y = a x + b z}, this library's {@link Elementwise#blend}. */
        TRIAD(3, 3),
        /** {@code y = a x + b y}, the same in place: what is written need not be fetched for that. */
        UPDATE(2, 3);

        private final int arrays;
        private final int accesses;

        Kind(int arrays, int accesses) {
            this.arrays = arrays;
            this.accesses = accesses;
        }
    }

    private final Kind kind;
    private final long floats;
    private final Slab slab;
    private final MemorySegment x;
    private final MemorySegment y;
    private final MemorySegment z;
    private final Elementwise kernel = Backend.kernels().elementwise();

    /**
     * Opens the arrays.
     *
     * @param bytes of all of them together
     */
    Stream(Kind kind, long bytes) {
        this.kind = kind;
        floats = bytes / kind.arrays / Float.BYTES;
        long each = Slab.aligned(floats * Float.BYTES);
        slab = Slab.open("a stream", kind.arrays * each);
        x = slab.slice(0, floats * Float.BYTES).fill((byte) 0);
        y = slab.slice(each, floats * Float.BYTES).fill((byte) 0);
        z = kind == Kind.TRIAD ? slab.slice(2 * each, floats * Float.BYTES).fill((byte) 0) : y;
    }

    /** Read and written by a run: an array that is both counts twice. */
    long bytes() {
        return kind.accesses * floats * Float.BYTES;
    }

    @Override
    public void run() {
        switch (kind) {
            case COPY -> y.copyFrom(x);
            case TRIAD, UPDATE -> kernel.blend(0.5f, x, 0.5f, z, y, 0, floats);
        }
    }

    @Override
    public float[] result() {
        return y.asSlice(0, Float.BYTES).toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public void close() {
        slab.close();
    }
}
