package dev.hourglass.kernel.scalar;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Single floats of a segment by index, bounds checked. */
final class Memory {

    private Memory() {}

    static float get(MemorySegment segment, long index) {
        return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    static void set(MemorySegment segment, long index, double value) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
    }

    /** Sets, or adds to, one element. */
    static void put(MemorySegment segment, long index, double value, boolean accumulate) {
        set(segment, index, accumulate ? get(segment, index) + value : value);
    }
}
