package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * Sums of matrix columns, from the top, with what each addition rounds off kept in a second sum (Knuth's two-sum): as good as sums in
 * double, and the same bits at every width. Doubles would need float vectors of half the width, and methods of the Vector API that see
 * two kinds of float vectors box both.
 */
final class ColumnSums {

    private ColumnSums() {}

    /**
     * {@code sums[c] (+)= sum over r of m[r, c]}.
     *
     * @param m {@code [rows, columns]} with {@code stride} bytes from row to row
     */
    static void sum(long m, int rows, long stride, int columns, long sums, boolean accumulate) {
        int terms = accumulate ? rows + 1 : rows; // what is there already comes last
        int c = 0;
        for (; c <= columns - LANES; c += LANES) {
            vector(m + c * 4L, rows, stride, sums + c * 4L, terms);
        }
        for (; c < columns; c++) {
            single(m + c * 4L, rows, stride, sums + c * 4L, terms);
        }
    }

    private static void vector(long m, int rows, long stride, long sums, int terms) {
        FloatVector sum = FloatVector.zero(S);
        FloatVector rest = sum;
        for (int r = 0; r < terms; r++) {
            long at = r < rows ? m + r * stride : sums;
            FloatVector x = FloatVector.fromMemorySegment(S, ALL, at & MASK, ORDER);
            FloatVector next = sum.add(x);
            FloatVector taken = next.sub(sum);
            rest = rest.add(sum.sub(next.sub(taken)).add(x.sub(taken)));
            sum = next;
        }
        sum.add(rest).intoMemorySegment(ALL, sums & MASK, ORDER);
    }

    private static void single(long m, int rows, long stride, long sums, int terms) {
        float sum = 0;
        float rest = 0;
        for (int r = 0; r < terms; r++) {
            float x = Memory.get(r < rows ? m + r * stride : sums);
            float next = sum + x;
            float taken = next - sum;
            rest += sum - (next - taken) + (x - taken);
            sum = next;
        }
        Memory.set(sums, sum + rest);
    }

    /** {@code sums[c] (+)= sum over r of a[r, c] * b[r, c]}, two matrices of one layout. */
    static void sumProducts(long a, long b, int rows, long stride, int columns, long sums, boolean accumulate) {
        int c = 0;
        for (; c <= columns - LANES; c += LANES) {
            products(a + c * 4L, b + c * 4L, rows, stride, sums + c * 4L, accumulate);
        }
        for (; c < columns; c++) {
            float sum = 0;
            float rest = 0;
            for (int r = 0; r < rows; r++) {
                float x = Memory.get(a + c * 4L + r * stride) * Memory.get(b + c * 4L + r * stride);
                float next = sum + x;
                float taken = next - sum;
                rest += sum - (next - taken) + (x - taken);
                sum = next;
            }
            float total = sum + rest;
            Memory.set(sums + c * 4L, accumulate ? total + Memory.get(sums + c * 4L) : total);
        }
    }

    private static void products(long a, long b, int rows, long stride, long sums, boolean accumulate) {
        FloatVector sum = FloatVector.zero(S);
        FloatVector rest = sum;
        for (int r = 0; r < rows; r++) {
            FloatVector x = FloatVector.fromMemorySegment(S, ALL, (a + r * stride) & MASK, ORDER)
                    .mul(FloatVector.fromMemorySegment(S, ALL, (b + r * stride) & MASK, ORDER));
            FloatVector next = sum.add(x);
            FloatVector taken = next.sub(sum);
            rest = rest.add(sum.sub(next.sub(taken)).add(x.sub(taken)));
            sum = next;
        }
        if (accumulate) {
            sum.add(rest)
                    .add(FloatVector.fromMemorySegment(S, ALL, sums & MASK, ORDER))
                    .intoMemorySegment(ALL, sums & MASK, ORDER);
        } else {
            sum.add(rest).intoMemorySegment(ALL, sums & MASK, ORDER);
        }
    }
}
