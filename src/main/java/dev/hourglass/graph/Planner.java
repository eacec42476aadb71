package dev.hourglass.graph;

import dev.hourglass.memory.Slab;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Places blocks of memory with known lifetimes into one slab so that blocks that live at the same time do not overlap: the largest
 * first, each into the smallest gap that holds it ("greedy by size", arXiv 2001.03288); of equal ones the longest in use first, which leaves
 * fewer gaps between the tensors of U-Nets than the order in which they begin. Pure integer code.
 */
public final class Planner {

    private Planner() {}

    /**
     * A time in which memory is in use.
     *
     * @param first the first moment
     * @param last the last moment, inclusive
     */
    public record Span(int first, int last) {

        /** Checks the order. */
        public Span {
            if (last < first) {
                throw new IllegalArgumentException("from " + first + " to " + last);
            }
        }

        private boolean overlaps(Span other) {
            return first <= other.last && other.first <= last;
        }
    }

    /**
     * Memory that is needed once, or again and again with other contents; in between others may have the place.
     *
     * @param bytes its size
     * @param spans when it is in use, in order
     */
    public record Block(long bytes, List<Span> spans) {

        /** Checks the size. */
        public Block {
            spans = List.copyOf(spans);
            if (bytes < 0 || spans.isEmpty()) {
                throw new IllegalArgumentException("block of " + bytes + " bytes in " + spans);
            }
        }

        /** Memory that is needed from one moment to another, inclusive. */
        public Block(long bytes, int first, int last) {
            this(bytes, List.of(new Span(first, last)));
        }

        /** For how many moments it is in use. */
        private int moments() {
            return spans.stream()
                    .mapToInt(span -> span.last() - span.first() + 1)
                    .sum();
        }

        private boolean inUseAt(int moment) {
            return spans.stream().anyMatch(span -> span.first() <= moment && moment <= span.last());
        }

        private boolean overlapsInTime(Block other) {
            for (Span span : spans) {
                for (Span others : other.spans) {
                    if (span.overlaps(others)) {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    /**
     * Where the blocks go.
     *
     * @param offsets the first byte of each block, a multiple of {@link Slab#ALIGNMENT}
     * @param bytes the size of the slab that holds all of them
     */
    public record Placement(List<Long> offsets, long bytes) {}

    /** Places the blocks; the offsets are in the order of the list. */
    public static Placement place(List<Block> blocks) {
        List<Integer> order = IntStream.range(0, blocks.size())
                .boxed()
                .sorted(Comparator.<Integer>comparingLong(k -> -blocks.get(k).bytes())
                        .thenComparingInt(k -> -blocks.get(k).moments())
                        .thenComparingInt(k -> k))
                .toList();
        long[] offsets = new long[blocks.size()];
        // Blocks that are placed, by rising offset.
        List<Integer> placed = new ArrayList<>();
        long end = 0;
        for (int k : order) {
            Block block = blocks.get(k);
            offsets[k] = bestGap(block, blocks, placed, offsets);
            end = Math.max(end, offsets[k] + Slab.aligned(block.bytes()));
            insert(k, placed, offsets);
        }
        return new Placement(
                IntStream.range(0, offsets.length).mapToObj(k -> offsets[k]).toList(), end);
    }

    /** The first byte of one more block among blocks that are placed already; it may reach beyond their slab. */
    public static long placeBeside(Block block, List<Block> blocks, Placement placement) {
        long[] offsets = placement.offsets().stream().mapToLong(Long::longValue).toArray();
        List<Integer> placed = IntStream.range(0, offsets.length)
                .boxed()
                .sorted(Comparator.comparingLong(k -> offsets[k]))
                .toList();
        return bestGap(block, blocks, placed, offsets);
    }

    /** The most bytes that are in use at any one moment: no placement can do with less. */
    public static long lowerBound(List<Block> blocks) {
        return blocks.stream()
                .flatMap(block -> block.spans().stream())
                .mapToLong(span -> blocks.stream()
                        .filter(block -> block.inUseAt(span.first()))
                        .mapToLong(block -> Slab.aligned(block.bytes()))
                        .sum())
                .max()
                .orElse(0);
    }

    private static long bestGap(Block block, List<Block> blocks, List<Integer> placed, long[] offsets) {
        long needed = Slab.aligned(block.bytes());
        long best = -1;
        long bestSize = Long.MAX_VALUE;
        long free = 0;
        for (int other : placed) {
            if (blocks.get(other).overlapsInTime(block)) {
                long gap = offsets[other] - free;
                if (gap >= needed && gap < bestSize) {
                    best = free;
                    bestSize = gap;
                }
                free = Math.max(
                        free, offsets[other] + Slab.aligned(blocks.get(other).bytes()));
            }
        }
        return best >= 0 ? best : free;
    }

    private static void insert(int k, List<Integer> placed, long[] offsets) {
        int at = 0;
        while (at < placed.size() && offsets[placed.get(at)] <= offsets[k]) {
            at++;
        }
        placed.add(at, k);
    }
}
