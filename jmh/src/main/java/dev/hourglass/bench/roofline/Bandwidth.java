package dev.hourglass.bench.roofline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What streams of one size get through.
 *
 * @param bytes that a run reads and writes
 * @param copy GB/s
 * @param triad GB/s
 * @param update GB/s
 */
record Bandwidth(long bytes, double copy, double triad, double update) {

    private static final long SMALLEST = 1 << 15;
    private static final int SIZES = 7;
    private static final int STEP = 4;

    /** From what fits the first-level cache to what fits none, every kind of each size. */
    static List<Stream> streams() {
        List<Stream> streams = new ArrayList<>();
        long bytes = SMALLEST;
        for (int size = 0; size < SIZES; size++) {
            for (Stream.Kind kind : Stream.Kind.values()) {
                streams.add(new Stream(kind, bytes));
            }
            bytes *= STEP;
        }
        return streams;
    }

    /**
     * From small to large.
     *
     * @param streams of {@link #streams}
     * @param rate GB/s
     */
    static List<Bandwidth> of(List<Stream> streams, ToDoubleFunction<Stream> rate) {
        List<Bandwidth> bandwidths = new ArrayList<>();
        long bytes = SMALLEST;
        for (int k = 0; k < streams.size(); k += Stream.Kind.values().length) {
            bandwidths.add(new Bandwidth(
                    bytes,
                    rate.applyAsDouble(streams.get(k)),
                    rate.applyAsDouble(streams.get(k + 1)),
                    rate.applyAsDouble(streams.get(k + 2))));
            bytes *= STEP;
        }
        return bandwidths;
    }

    /**
     * What bounds a kernel: the largest stream of at most half its bytes, for what it reads and writes again is there once and counted
     * twice; or a larger stream, if that happened to be faster.
     */
    static Bandwidth beside(List<Bandwidth> streams, double bytes, boolean inPlace) {
        Bandwidth fastest = streams.getLast();
        for (Bandwidth stream : streams.reversed()) {
            if (stream.bound(inPlace) > fastest.bound(inPlace)) {
                fastest = stream;
            }
            if (stream.bytes <= bytes / 2) {
                break;
            }
        }
        return fastest;
    }

    /** GB/s that a kernel may hope for. */
    double bound(boolean inPlace) {
        double apart = Math.max(copy, triad);
        return inPlace ? Math.max(apart, update) : apart;
    }
}
