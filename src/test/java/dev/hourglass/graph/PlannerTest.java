package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.graph.Planner.Block;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Slab;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.TinyUNet;
import java.util.List;
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

    @Provide
    Arbitrary<List<Block>> blocks() {
        Arbitrary<Integer> moments = Arbitraries.integers().between(0, 40);
        return Combinators.combine(Arbitraries.longs().between(0, 5000), moments, moments)
                .as((bytes, a, b) -> new Block(bytes, Math.min(a, b), Math.max(a, b)))
                .list()
                .ofMaxSize(60);
    }

    @Property
    void blocksThatLiveTogetherDoNotOverlap(@ForAll("blocks") List<Block> blocks) {
        Planner.Placement placement = Planner.place(blocks);
        for (int a = 0; a < blocks.size(); a++) {
            long from = placement.offsets().get(a);
            assertEquals(0, from % Slab.ALIGNMENT);
            assertTrue(from >= 0 && from + blocks.get(a).bytes() <= placement.bytes());
            for (int b = 0; b < a; b++) {
                boolean together = blocks.get(a).first() <= blocks.get(b).last()
                        && blocks.get(b).first() <= blocks.get(a).last();
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
    void trainingTinyUNetTakesLittleMoreThanItsLiveBytes() {
        for (int size : new int[] {8, 27, 28, 64}) {
            Graph graph = TrainingStep.graph(new TinyUNet(), 4, size, size);
            for (boolean training : new boolean[] {false, true}) {
                MemoryPlan plan = Program.plan(graph, training, Backend.kernels(), 2);
                long live = Planner.lowerBound(plan.blocks());
                long placed = plan.packed() + plan.activations();
                assertTrue(
                        placed <= SLACK * live, "size " + size + ": " + placed + " bytes for " + live + " live ones");
            }
        }
    }
}
