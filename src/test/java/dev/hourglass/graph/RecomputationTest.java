package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.nn.ResBlock;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.SelfAttention;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.Architectures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Training that computes what lies inside of blocks again, against training that keeps it. */
class RecomputationTest {

    private static final Shape IMAGES = Shape.of(2, 6, 5, 8);

    /** Residual blocks in a row, {@code b0}, {@code b1} and so on, with a convolution after them. */
    private static Graph chain(int blocks) {
        Graph graph = new Graph();
        Scope top = Scope.of(graph);
        Value t = graph.input("t", Shape.of(2, 4));
        Value h = top.at("in").conv2d(graph.input("x", IMAGES), 8, 3);
        for (int k = 0; k < blocks; k++) {
            h = ResBlock.apply(top.at("b" + k), h, t, 8);
        }
        graph.output("y", top.at("out").conv2d(h, 8, 1));
        return graph;
    }

    private static MemoryPlan plan(Graph graph, boolean recompute) {
        return Program.plan(graph, Purpose.training(recompute), Backend.kernels(), 2);
    }

    /** Paths of the operations that run forward again, in their order. */
    private static List<String> again(Graph graph) {
        Schedule schedule = new Schedule(graph, Purpose.RECOMPUTING_TRAINING);
        return schedule
                .steps()
                .subList(schedule.nodes().size(), schedule.steps().size())
                .stream()
                .filter(step -> !step.backward())
                .map(step -> schedule.nodes().get(step.node()).path())
                .toList();
    }

    /** The second convolution's output is the block's, which is kept; what the last block computed is still there. */
    @Test
    void onlyWhatBackwardReadsInsideOfABlockRunsAgain() {
        assertEquals(
                List.of(
                        "b1.norm1",
                        "b1.t_proj.silu",
                        "b1.t_proj",
                        "b1.conv1",
                        "b1.norm2",
                        "b0.norm1",
                        "b0.t_proj.silu",
                        "b0.t_proj",
                        "b0.conv1",
                        "b0.norm2"),
                again(chain(3)));
    }

    @Test
    void aValueThatLeavesItsBlockIsKept() {
        Graph graph = new Graph();
        Scope top = Scope.of(graph);
        top.at("a").block();
        top.at("b").block();
        Value x = graph.input("x", IMAGES);
        Value wire = top.at("a").at("1").conv2d(x, 8, 1);
        Value inside = top.at("a").at("2").silu(wire);
        Value end = top.at("a").at("3").conv2d(inside, 8, 1);
        Value met = top.at("b").at("1").concat(top.at("b").silu(end), wire);
        graph.output("y", top.at("b").at("2").conv2d(met, 8, 1));
        assertEquals(List.of("a.2.silu"), again(graph));
    }

    @Test
    void theInnermostBlockCounts() {
        Graph graph = new Graph();
        graph.block("a");
        graph.block("a.b.c");
        assertEquals(Optional.of("a"), graph.blockOf("a.b"));
        assertEquals(Optional.of("a"), graph.blockOf("a.b.cd"));
        assertEquals(Optional.of("a.b.c"), graph.blockOf("a.b.c"));
        assertEquals(Optional.of("a.b.c"), graph.blockOf("a.b.c.d.e"));
        assertEquals(Optional.empty(), graph.blockOf("ab.c"));
    }

    /**
     * A block more costs its output. Without recomputation it costs also what is inside: three tensors as large, which are the inputs of
     * the second norm and of both convolutions.
     */
    @Test
    void anotherBlockTakesTheMemoryOfItsOutputAlone() {
        long output = Slab.aligned(IMAGES.floatBytes());
        for (int blocks = 3; blocks < 8; blocks++) {
            Graph fewer = chain(blocks);
            Graph more = chain(blocks + 1);
            assertEquals(
                    output,
                    plan(more, true).activations() - plan(fewer, true).activations(),
                    "after " + blocks + " blocks");
            assertTrue(plan(more, false).activations() - plan(fewer, false).activations() >= 4 * output);
        }
    }

    @Test
    void theLessonsModelTrainsInLessThanHalfTheActivations() {
        Graph graph = TrainingStep.graph(Architectures.named("unet2d-lesson"), 4, 64, 64);
        long kept = plan(graph, false).activations();
        long recomputed = plan(graph, true).activations();
        assertTrue(recomputed < kept / 2, recomputed + " bytes of " + kept);
    }

    /** Blocks that begin and end anywhere, values that cross them, outputs in the middle: what is computed is the same. */
    @Property(tries = 200)
    void anyGraphHasTheSameGradients(@ForAll("graphs") Long seed) {
        TreeMap<String, float[]> kept = results(seed, false, 1);
        for (int threads : new int[] {1, 3}) {
            TreeMap<String, float[]> recomputed = results(seed, true, threads);
            assertEquals(kept.keySet(), recomputed.keySet());
            kept.forEach((name, values) -> assertArrayEquals(values, recomputed.get(name), 0f, name));
        }
    }

    @Provide
    Arbitrary<Long> graphs() {
        return Arbitraries.longs();
    }

    private static Graph draw(Random random) {
        Graph graph = new Graph();
        Scope top = Scope.of(graph);
        List.of("a", "b", "b.c", "d").forEach(graph::block);
        Value x = graph.input("x", IMAGES);
        if (random.nextBoolean()) {
            graph.differentiate(x);
        }
        Value t = graph.input("t", Shape.of(2, 4));
        List<Value> values = new ArrayList<>(List.of(top.at("in").linear(x, 8)));
        String place = "a";
        int operations = 4 + random.nextInt(16);
        for (int k = 0; k < operations; k++) {
            if (random.nextInt(3) == 0) {
                place = List.of("a", "b", "b.c", "d", "none").get(random.nextInt(5));
            }
            values.add(operation(random, top.at(place).at(String.valueOf(k)), values, t));
        }
        graph.output("y", top.at("y").linear(values.getLast(), 3));
        graph.output("z", values.get(random.nextInt(values.size())));
        return graph;
    }

    private static Value operation(Random random, Scope at, List<Value> values, Value t) {
        Value recent = values.getLast();
        Value any = values.get(random.nextInt(values.size()));
        return switch (random.nextInt(10)) {
            case 0 -> at.silu(any);
            case 1 -> at.silu(at.groupNorm(recent, 2));
            case 2 -> at.conv2d(recent, 8, 3);
            case 3 -> at.add(recent, any);
            case 4 -> at.add(at.conv2d(recent, 8, 3), any);
            case 5 -> at.channelShift(recent, at.linear(at.silu(t), 8));
            case 6 -> at.attention(recent, any, at.at("v").linear(any, 8), 2);
            case 7 -> new SelfAttention(4, 2, 1e-5, 1.5).apply(at, recent);
            case 8 -> at.conv2d(at.concat(recent, any), 8, 1);
            default -> at.resizeLike(at.averagePool(at.layerNorm(recent)), recent);
        };
    }

    /** Everything that a drawn graph computes, after a second pass over other inputs whose gradients are added. */
    private static TreeMap<String, float[]> results(long seed, boolean recompute, int threads) {
        Graph graph = draw(new Random(seed));
        TreeMap<String, float[]> results = new TreeMap<>();
        try (Workers workers = new Workers(threads);
                Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program =
                        Program.forTraining(graph, weights, gradients, recompute, Backend.kernels(), workers)) {
            weights.initialize(1);
            for (int pass = 0; pass < 2; pass++) {
                int more = 100 * pass;
                graph.inputs()
                        .forEach((name, input) -> program.input(name)
                                .copyFrom(Floats.random(
                                        input.id() + more, input.shape().elements())));
                graph.outputs()
                        .forEach((name, output) -> program.outputGradient(name)
                                .copyFrom(
                                        Floats.random(50 + more, output.shape().elements())));
                program.forward();
                program.backward(0, pass == 1);
            }
            graph.outputs()
                    .keySet()
                    .forEach(name -> results.put(name, program.output(name).toArray()));
            graph.parameters().forEach(p -> results.put(p.name(), gradients.fileOrder(p)));
            graph.differentiable()
                    .forEach(x -> results.put(
                            "d" + x.name(), program.inputGradient(x.name()).toArray()));
        }
        return results;
    }
}
