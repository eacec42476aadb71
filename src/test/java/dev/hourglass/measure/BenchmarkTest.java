package dev.hourglass.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.memory.MemoryBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Figures are those of the jobs that were asked for, and agree with each other; how fast the machine is is not tested. */
@Tag("once")
class BenchmarkTest {

    private static final Subject TINY = new Subject("tiny");
    private static final ImageSize SMALL = new ImageSize(9, 8);

    private static BenchmarkOptions quick(List<Job> jobs, int rounds) {
        return new BenchmarkOptions(jobs, SMALL, rounds, 0, false);
    }

    @Test
    void figuresOfAJobAgree() {
        List<Job> jobs = List.of(new Job(Mode.INFER, 2, 1), new Job(Mode.INFER, 1, 2), new Job(Mode.TRAIN, 2, 2));
        BenchmarkOptions options = quick(jobs, 3);
        List<Integer> parts = new ArrayList<>();
        BenchmarkReport report = Benchmark.run(TINY, options, (done, what) -> parts.add(done));
        assertEquals(jobs, report.results().stream().map(Measurement::job).toList());
        assertEquals(IntStream.rangeClosed(1, options.parts()).boxed().toList(), parts);
        assertEquals(914_915, report.parameters());
        for (Measurement result : report.results()) {
            String job = result.job().label();
            assertEquals(3, result.millis().size(), job);
            assertTrue(0 < result.minMillis() && result.minMillis() <= result.medianMillis(), job);
            assertTrue(result.medianMillis() <= result.maxMillis(), job);
            double seconds = result.medianMillis() / 1e3;
            assertEquals(result.job().batch() / seconds, result.imagesPerSecond(), 1e-9 * result.imagesPerSecond());
            assertEquals(2e-9 * result.multiplyAdds() / seconds, result.gflops(), 1e-9 * result.gflops(), job);
            assertEquals(result.gflops(), result.percentOfPeak() / 100 * result.peakGflops(), 1e-9 * result.gflops());
            assertTrue(result.peakGflops() > 0 && result.bytesPerStep() >= 0 && result.plannedBytes() > 0, job);
            assertNull(result.coldStart());
        }
        Measurement pair = report.results().get(0);
        Measurement single = report.results().get(1);
        Measurement training = report.results().get(2);
        assertEquals(2 * single.multiplyAdds(), pair.multiplyAdds());
        assertEquals(3 * pair.multiplyAdds(), training.multiplyAdds());
        assertTrue(training.plannedBytes() > pair.plannedBytes());
    }

    @Test
    void everyLayerHasItsTime() {
        List<Job> jobs = List.of(new Job(Mode.INFER, 1, 1), new Job(Mode.TRAIN, 1, 1));
        BenchmarkReport report = Benchmark.run(TINY, quick(jobs, 1), (done, what) -> {});
        Measurement inference = report.results().getFirst();
        Measurement training = report.results().getLast();
        assertTrue(inference.layers().stream().anyMatch(layer -> layer.path().equals("mid.conv2")));
        assertEquals("out", inference.layers().getLast().path());
        assertEquals("loss", training.layers().getLast().path());
        for (Measurement result : report.results()) {
            assertEquals(
                    result.multiplyAdds(),
                    result.layers().stream().mapToLong(LayerTime::multiplyAdds).sum());
            assertTrue(result.layers().stream().allMatch(layer -> layer.forwardMillis() > 0));
            assertEquals(
                    result.layers().size(), BenchmarkReport.layerRows(result).size());
        }
        assertTrue(inference.layers().stream().allMatch(layer -> layer.backwardMillis() == 0));
        LayerTime convolution = training.layers().stream()
                .filter(layer -> layer.path().equals("mid.conv2"))
                .findFirst()
                .orElseThrow();
        assertTrue(convolution.backwardMillis() > 0);
        assertEquals(2e-6 * convolution.multiplyAdds() / convolution.millis(), convolution.gflops(), 1e-9);
        assertEquals("convolution 3x3", convolution.operation());
    }

    /** Half of this limit holds either job and not both: each is measured in a group of its own. */
    @Test
    void jobsThatDoNotFitTogetherAreMeasuredOneByOne() {
        List<Job> jobs = List.of(new Job(Mode.INFER, 1, 1), new Job(Mode.INFER, 2, 1));
        String before = System.getProperty(MemoryBudget.LIMIT_PROPERTY);
        System.setProperty(MemoryBudget.LIMIT_PROPERTY, "24m");
        try {
            BenchmarkReport report = Benchmark.run(TINY, quick(jobs, 1), (done, what) -> {});
            long bytes = report.results().stream()
                    .mapToLong(Measurement::plannedBytes)
                    .sum();
            assertTrue(bytes > 12 << 20, bytes + " bytes");
            assertEquals(jobs, report.results().stream().map(Measurement::job).toList());
        } finally {
            if (before == null) {
                System.clearProperty(MemoryBudget.LIMIT_PROPERTY);
            } else {
                System.setProperty(MemoryBudget.LIMIT_PROPERTY, before);
            }
        }
    }

    @Test
    void aColdStartRunsInAJvmOfItsOwn() {
        ColdStart.Result result = ColdStart.measure(TINY, new Job(Mode.INFER, 1, 1, WeightFormat.FLOAT16), SMALL);
        assertTrue(result.firstResultMillis() > 0);
        assertTrue(result.peakMemoryBytes() == -1 || result.peakMemoryBytes() > 1 << 20);
        HourglassException problem = assertThrows(
                HourglassException.class,
                () -> ColdStart.measure(new Subject("nowhere"), new Job(Mode.INFER, 1, 1), SMALL));
        assertTrue(problem.getMessage().contains("exit code 1"), problem.getMessage());
    }

    @Test
    void aSizeThatTheModelCannotTakeIsRefusedBeforeAnythingRuns() {
        BenchmarkOptions options =
                new BenchmarkOptions(List.of(new Job(Mode.TRAIN, 1, 1)), new ImageSize(7, 8), 1, 0, true);
        List<String> told = new ArrayList<>();
        HourglassException problem = assertThrows(
                HourglassException.class, () -> Benchmark.run(TINY, options, (done, what) -> told.add(what)));
        assertTrue(problem.getMessage().contains("at least 8"), problem.getMessage());
        assertEquals(List.of(), told);
    }

    @Test
    void mediansAreInTheMiddle() {
        assertEquals(2, Statistics.median(9, 1, 2));
        assertEquals(2.5, Statistics.median(4, 1, 9, 1));
        assertEquals(7, Statistics.median(7));
    }
}
