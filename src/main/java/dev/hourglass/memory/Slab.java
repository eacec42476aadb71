package dev.hourglass.memory;

import dev.hourglass.error.HourglassException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One block of off-heap memory, zeroed and aligned to a cache line, from which tensors are cut. Who opens a slab closes it. Closing
 * one deoptimises running threads, so a slab lives as long as a model or a compiled program, never as long as one step.
 */
public final class Slab implements AutoCloseable {

    /** Every slab and every tensor that a planner places starts at a multiple of this many bytes. */
    public static final long ALIGNMENT = 64;

    private final Arena arena;
    private final MemorySegment segment;

    private Slab(Arena arena, MemorySegment segment) {
        this.arena = arena;
        this.segment = segment;
    }

    /**
     * Opens a slab of {@code bytes} zero bytes.
     *
     * @param purpose what the memory is for, named in the error when there is too little
     * @throws HourglassException when it would exceed {@link MemoryBudget} or the system refuses it
     */
    public static Slab open(String purpose, long bytes) {
        MemoryBudget.require(purpose, bytes);
        Arena arena = Arena.ofShared();
        try {
            return new Slab(
                    arena,
                    HugePages.suit(bytes)
                            ? HugePages.allocate(bytes, arena)
                            : arena.allocate(Math.max(bytes, ALIGNMENT), ALIGNMENT));
        } catch (OutOfMemoryError e) {
            arena.close();
            throw MemoryBudget.refused(purpose, bytes, e.getMessage());
        }
    }

    /** The size in bytes. */
    public long bytes() {
        return segment.byteSize();
    }

    /** A float32 tensor at a byte offset of this slab. */
    public Tensor tensor(long offset, Shape shape) {
        return new Tensor(slice(offset, shape.floatBytes()), shape, DType.F32);
    }

    /** Part of this slab, with bounds of its own. */
    public MemorySegment slice(long offset, long bytes) {
        requireOpen();
        return segment.asSlice(offset, bytes);
    }

    /** Whether {@link #close} has not been called yet. */
    public boolean isOpen() {
        return arena.scope().isAlive();
    }

    /** Gives the memory back; every view of it is dead from here on. Closing twice is harmless. */
    @Override
    public void close() {
        if (isOpen()) {
            arena.close();
        }
    }

    /** The next multiple of {@link #ALIGNMENT} that is at least {@code bytes}. */
    public static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    private void requireOpen() {
        if (!isOpen()) {
            throw new IllegalStateException("the slab is closed: keep it open for as long as its tensors are used");
        }
    }
}
