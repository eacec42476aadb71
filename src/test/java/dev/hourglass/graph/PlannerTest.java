package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.graph.Planner.Block;
import dev.hourglass.graph.Planner.Span;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Slab;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.TinyUNet;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class PlannerTest {

    /** What real graphs may need above the live bytes at their fullest moment. */
    private static final double SLACK = 1.1;

    /** Most blocks are in use once; some come back. */
    @Provide
    Arbitrary<List<Block>> blocks() {
        Arbitrary<List<Integer>> ends = Arbitraries.integers()
                .between(0, 40)
                .list()
                .ofMinSize(2)
                .ofMaxSize(5)
                .map(moments -> moments.stream().sorted().toList());
        return Combinators.combine(Arbitraries.longs().between(0, 5000), ends)
                .as(PlannerTest::block)
                .list()
                .ofMaxSize(60);
    }

    /** In use from the first to the second moment, from the third to the fourth, and so on; a last one of an odd number is left out. */
    private static Block block(long bytes, List<Integer> ends) {
        List<Span> spans = new ArrayList<>();
        for (int k = 0; k + 1 < ends.size(); k += 2) {
            spans.add(new Span(ends.get(k), ends.get(k + 1)));
        }
        return new Block(bytes, spans);
    }

    private static boolean inUse(Block block, int moment) {
        return block.spans().stream().anyMatch(span -> moment >= span.first() && moment <= span.last());
    }

    @Property
    void blocksThatLiveTogetherDoNotOverlap(@ForAll("blocks") List<Block> blocks) {
        Planner.Placement placement = Planner.place(blocks);
        for (int a = 0; a < blocks.size(); a++) {
            long from = placement.offsets().get(a);
            assertEquals(0, from % Slab.ALIGNMENT);
            assertTrue(from >= 0 && from + blocks.get(a).bytes() <= placement.bytes());
            for (int b = 0; b < a; b++) {
                Block one = blocks.get(a);
                Block other = blocks.get(b);
                boolean together = IntStream.rangeClosed(0, 40).anyMatch(m -> inUse(one, m) && inUse(other, m));
                boolean overlap = from
                                < placement.offsets().get(b) + blocks.get(b).bytes()
                        && placement.offsets().get(b) < from + blocks.get(a).bytes();
                assertFalse(together && overlap, blocks.get(a) + " and " + blocks.get(b));
            }
        }
    }

    /** Never below what is live at once, never above all blocks side by side. */
    @Property
    void theSlabIsBetweenTheBounds(@ForAll("blocks") List<Block> blocks) {
        long bytes = Planner.place(blocks).bytes();
        assertTrue(bytes >= Planner.lowerBound(blocks));
        assertTrue(bytes
                <= blocks.stream()
                        .mapToLong(block -> Slab.aligned(block.bytes()))
                        .sum());
    }

    @Test
    void blocksThatFollowEachOtherShareTheirPlace() {
        List<Block> blocks = List.of(new Block(640, 0, 1), new Block(640, 2, 3), new Block(64, 1, 2));
        assertEquals(704, Planner.place(blocks).bytes());
    }

    @Test
    void aBlockThatComesBackLeavesItsPlaceInBetween() {
        Block comesBack = new Block(640, List.of(new Span(0, 1), new Span(4, 5)));
        List<Block> blocks = List.of(comesBack, new Block(640, 2, 3));
        assertEquals(640, Planner.place(blocks).bytes());
        assertEquals(640, Planner.lowerBound(blocks));
        assertEquals(1280, Planner.lowerBound(List.of(comesBack, new Block(640, 3, 4))));
    }

    /** Not so where equal blocks are placed in the order in which they begin. */
    @Test
    void recomputingTinyUNetTakesItsLiveBytes() {
        for (int size : new int[] {28, 64}) {
            Graph graph = TrainingStep.graph(new TinyUNet(), 8, size, size);
            MemoryPlan plan = Program.plan(graph, Purpose.RECOMPUTING_TRAINING, Backend.kernels(), 2);
            assertEquals(Planner.lowerBound(plan.blocks()), plan.activations());
        }
    }

    @Test
    void trainingTinyUNetTakesLittleMoreThanItsLiveBytes() {
        for (int size : new int[] {8, 27, 28, 64}) {
            Graph graph = TrainingStep.graph(new TinyUNet(), 4, size, size);
            for (Purpose purpose : Purpose.values()) {
                MemoryPlan plan = Program.plan(graph, purpose, Backend.kernels(), 2);
                long live = Planner.lowerBound(plan.blocks());
                long placed = plan.activations();
                assertTrue(
                        placed <= SLACK * live,
                        purpose + ", size " + size + ": " + placed + " bytes for " + live + " live ones");
            }
        }
    }
}
