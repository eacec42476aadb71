package dev.hourglass.train;

import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import java.util.stream.LongStream;

/** The flat vector of parameters cut into items of work, without those that are not trained. */
final class Chunks {

    /** Elements of an item: 64 KiB of each vector. */
    static final int SIZE = 16_384;

    private final long[] from;
    private final long[] to;

    Chunks(Weights weights) {
        LongStream.Builder begins = LongStream.builder();
        LongStream.Builder ends = LongStream.builder();
        long at = 0;
        for (Parameter parameter : weights.parameters()) {
            if (!parameter.trained()) {
                cut(at, parameter.offset(), begins, ends);
                at = parameter.offset() + parameter.elements();
            }
        }
        cut(at, weights.flat().shape().elements(), begins, ends);
        from = begins.build().toArray();
        to = ends.build().toArray();
    }

    private static void cut(long from, long to, LongStream.Builder begins, LongStream.Builder ends) {
        for (long at = from; at < to; at += SIZE) {
            begins.add(at);
            ends.add(Math.min(at + SIZE, to));
        }
    }

    int count() {
        return from.length;
    }

    long from(int item) {
        return from[item];
    }

    long to(int item) {
        return to[item];
    }
}
