package dev.hourglass.graph;

import dev.hourglass.memory.Slab;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Places blocks of memory with known lifetimes into one slab so that blocks that live at the same time do not overlap: the largest
 * first, each into the smallest gap that holds it ("greedy by size", arXiv 2001.03288). Pure integer code.
 */
public final class Planner {

    private Planner() {}

    /**
     * Memory that is needed from one moment to another.
     *
     * @param bytes its size
     * @param first the first moment it is in use
     * @param last the last moment it is in use, inclusive
     */
    public record Block(long bytes, int first, int last) {

        /** Checks size and order. */
        public Block {
            if (bytes < 0 || last < first) {
                throw new IllegalArgumentException("block of " + bytes + " bytes from " + first + " to " + last);
            }
        }

        boolean overlapsInTime(Block other) {
            return first <= other.last && other.first <= last;
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
                        .thenComparingInt(k -> blocks.get(k).first())
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
        long most = 0;
        for (Block moment : blocks) {
            long inUse = 0;
            for (Block block : blocks) {
                if (block.first() <= moment.first() && moment.first() <= block.last()) {
                    inUse += Slab.aligned(block.bytes());
                }
            }
            most = Math.max(most, inUse);
        }
        return most;
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
