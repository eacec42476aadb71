package dev.hourglass.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a benchmark got done, reported per second beside its calls per second. */
public final class Rates {

    private static final double GIGABYTES_PER_FLOAT = 1e-9 * Float.BYTES;

    private Rates() {}

    /** Arithmetic, a multiply-add counting as two operations, and the memory of its operands. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Arithmetic {

        /** GFLOP; GFLOP/s in the report. */
        public double gflop;

        /** GB; GB/s in the report. */
        public double gigabyte;

        void multiplyAdds(long count) {
            gflop += 2e-9 * count;
        }

        /** Operands, as {@link Traffic} counts them. */
        void floats(long count) {
            gigabyte += GIGABYTES_PER_FLOAT * count;
        }
    }

    /** Memory: every operand counted once, read or written, whichever level of cache it comes from. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Traffic {

        /** GB; GB/s in the report. */
        public double gigabyte;

        void floats(long count) {
            gigabyte += GIGABYTES_PER_FLOAT * count;
        }
    }

    /** Images through a network. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Images {

        /** Images; images/s in the report. */
        public long images;
    }
}
