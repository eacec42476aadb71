package dev.hourglass.bench;

import dev.hourglass.kernel.scalar.ScalarRandomNormal;
import dev.hourglass.memory.Slab;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Off-heap operands of a benchmark: opened one by one, closed together. */
final class Operands implements AutoCloseable {

    private final List<Slab> slabs = new ArrayList<>();

    /** Standard normal floats, the same in every run. */
    MemorySegment normals(long floats) {
        MemorySegment segment = floats(floats);
        new ScalarRandomNormal().fill(segment, 0, 0, slabs.size(), 0, floats);
        return segment;
    }

    /** Zeros. */
    MemorySegment floats(long floats) {
        return bytes(floats * Float.BYTES);
    }

    /** Zeros. */
    MemorySegment bytes(long bytes) {
        Slab slab = Slab.open("operands of a benchmark", bytes);
        slabs.add(slab);
        return slab.slice(0, bytes);
    }

    @Override
    public void close() {
        slabs.forEach(Slab::close);
    }
}
