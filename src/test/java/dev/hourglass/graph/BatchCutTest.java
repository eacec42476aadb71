package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.TinyUNet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BatchCutTest {

    private static final Kernels KERNELS = Backend.kernels();
    private static final IntFunction<Graph> SMALL = BatchCutTest::tiny;
    private static final IntFunction<Graph> LARGE = images -> heavy(images, 1000);

    private static Graph tiny(int images) {
        Graph graph = new Graph();
        Value x = graph.input("sample", Shape.of(images, 28, 28, 1));
        Value t = graph.input("timestep", Shape.of(images));
        graph.output("output", new TinyUNet().build(Scope.of(graph), x, t, Map.of(), Set.of()));
        return graph;
    }

    /** Many weights and few activations. */
    private static Graph heavy(int images, int channels) {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(images, channels));
        graph.output("y", Scope.of(graph).at("a").linear(x, channels));
        return graph;
    }

    @ParameterizedTest
    @CsvSource({"1,2", "2,2", "7,2", "16,2", "128,2", "165,3", "128,16", "16,16", "5,64"})
    void allImagesAreInSomePartAndTeamsHaveThreads(int batch, int threads) {
        BatchCut cut = BatchCut.inference(SMALL, batch, KERNELS, threads);
        assertTrue(cut.parts() * cut.size() >= batch && (cut.parts() - 1) * cut.size() < batch, cut.toString());
        assertEquals(cut.parts(), cut.lanes());
        assertTrue(cut.teams() >= 1 && cut.teams() <= Math.min(threads, cut.lanes()), cut.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void manyImagesOfASmallNetworkAreSharedOutEvenly(int threads) {
        BatchCut cut = BatchCut.inference(SMALL, 24 * threads, KERNELS, threads);
        assertEquals(threads, cut.teams());
        assertEquals(0, cut.parts() % threads, cut.toString());
    }

    /** Each team would read all weights, which are most of the work. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64})
    void fewImagesOfALargeNetworkStayTogether(int batch) {
        assertEquals(new BatchCut(batch, batch, 1, 1), BatchCut.inference(LARGE, batch, KERNELS, 8));
    }

    /** Each team would hold the activations of large images again. */
    @Test
    void largeImagesHaveOneTeam() {
        IntFunction<Graph> training = images -> TrainingStep.graph(new TinyUNet(), images, 128, 128);
        BatchCut cut = BatchCut.training(training, 64, Purpose.training(false), KERNELS, 4);
        assertEquals(new BatchCut(64, 16, 1, 1), cut);
        MemoryPlan one = MicroBatches.trainingPlan(training, 16, false, KERNELS, 4);
        MemoryPlan four = MicroBatches.trainingPlan(training, 64, false, KERNELS, 4);
        long images = 64L * 128 * 128 * Float.BYTES;
        assertTrue(four.activations() - one.activations() <= 3 * images, "memory grows by the images alone");
    }

    @ParameterizedTest
    @CsvSource({"128,1,1", "128,2,2", "128,4,4", "128,6,2", "128,16,8", "48,2,1", "48,3,3", "16,2,1"})
    void gradientsAreSummedInTheSamePartsWhateverTheThreads(int batch, int threads, int teams) {
        IntFunction<Graph> graphs = images -> TrainingStep.graph(new TinyUNet(), images, 28, 28);
        Purpose purpose = Purpose.training(false);
        BatchCut one = BatchCut.training(graphs, batch, purpose, KERNELS, 1);
        assertEquals(
                new BatchCut(batch, one.size(), one.lanes(), teams),
                BatchCut.training(graphs, batch, purpose, KERNELS, threads));
        assertEquals(Math.min(one.parts(), 16), one.lanes());
    }
}
