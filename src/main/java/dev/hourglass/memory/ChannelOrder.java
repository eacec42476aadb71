package dev.hourglass.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Brings images from {@code [N, C, H, W]}, PyTorch's order and that of the public face, to {@code [N, H, W, C]} and back. */
public final class ChannelOrder {

    private ChannelOrder() {}

    /** {@code to [N, H, W, C]} from {@code from [N, C, H, W]}; {@code shape} is that of {@code to}. */
    public static void channelsLast(MemorySegment from, MemorySegment to, Shape shape) {
        reorder(from, to, shape, true);
    }

    /** {@code to [N, C, H, W]} from {@code from [N, H, W, C]}; {@code shape} is that of {@code from}. */
    public static void channelsFirst(MemorySegment from, MemorySegment to, Shape shape) {
        reorder(from, to, shape, false);
    }

    private static void reorder(MemorySegment from, MemorySegment to, Shape shape, boolean channelsLast) {
        int channels = shape.dim(3);
        if (channels == 1) {
            MemorySegment.copy(from, 0, to, 0, shape.floatBytes());
            return;
        }
        long pixels = (long) shape.dim(1) * shape.dim(2);
        for (long n = 0; n < shape.dim(0); n++) {
            for (long p = 0; p < pixels; p++) {
                for (int c = 0; c < channels; c++) {
                    long first = (n * channels + c) * pixels + p;
                    long last = (n * pixels + p) * channels + c;
                    float value = from.getAtIndex(ValueLayout.JAVA_FLOAT, channelsLast ? first : last);
                    to.setAtIndex(ValueLayout.JAVA_FLOAT, channelsLast ? last : first, value);
                }
            }
        }
    }
}
