package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.FmaPeak;
import dev.hourglass.bench.peer.Timings;
import dev.hourglass.bench.peer.Turns;
import dev.hourglass.bench.peer.Work;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks engines against each other and times them in turns, layer by layer, the processor's peak beside them. */
public final class LayerComparison implements AutoCloseable {

    /** The largest difference of two outputs, which are about 1; a share of their root mean square where they are smaller. */
    private static final double AGREEMENT = 1e-4;

    private final Turns turns;
    private final int threads;
    private final List<LayerEngine> engines = new ArrayList<>();
    private final List<String> details = new ArrayList<>();
    private final FmaPeak peak;
    private Nd4jLayers nd4j;

    /**
     * What came out.
     *
     * @param count how often the layer occurs in its network
     * @param timings by engine; where an engine takes part twice, the faster
     * @param peakShare this library's median's share of the processor's peak, by the textbook's multiply-adds
     * @param turnShare the median over the rounds of this library's share of what the processor did beside it: where clocks change
     *     within seconds, one fast round of the peak is not what the others could do
     * @param gigaflops this library's, a multiply-add being two
     * @param bytesPerRun what a run of this library allocates: more than some hundred say that C2 boxes vectors
     */
    public record Outcome(
            Layer layer,
            int count,
            Map<String, Timings> timings,
            double peakShare,
            double turnShare,
            double gigaflops,
            double bytesPerRun) {}

    private LayerComparison(Turns turns, int threads) {
        this.turns = turns;
        this.threads = threads;
        engines.add(new HourglassLayers());
        peak = new FmaPeak(threads);
    }

    /** Nothing but this library and the peak take turns: what other engines leave behind in caches and clocks disturbs neither. */
    public static LayerComparison alone(Turns turns, int threads) {
        LayerComparison comparison = new LayerComparison(turns, threads);
        comparison.details.add("No other engine runs");
        return comparison;
    }

    /**
     * Collects the engines that are there.
     *
     * @param nd4jFolder where ND4J's project was built
     */
    public LayerComparison(Turns turns, int threads, Path nd4jFolder) {
        this(turns, threads);
        try {
            engines.addAll(PyTorchLayers.both());
            details.add(
                    "PyTorch: the faster of its two memory formats, products in the second by oneDNN, eager, inference mode");
        } catch (LinkageError e) {
            details.add("PyTorch is not here");
        }
        Nd4jLayers.start(nd4jFolder, threads)
                .ifPresentOrElse(
                        found -> {
                            nd4j = found;
                            engines.add(found);
                            details.add("ND4J: " + found.details() + ", in a process of its own");
                        },
                        () -> details.add("ND4J is not here"));
    }

    /** The engines beside this library, in words. */
    List<String> details() {
        return details;
    }

    int threads() {
        return threads;
    }

    Turns turns() {
        return turns;
    }

    /**
     * Times layers.
     *
     * @param layers each with how often it occurs
     * @throws IllegalStateException when the engines do not compute the same thing
     */
    public List<Outcome> run(Map<Layer, Integer> layers) {
        List<Outcome> outcomes = new ArrayList<>();
        layers.forEach((layer, count) -> {
            System.err.println(layer.label() + ", threads " + threads);
            outcomes.add(run(layer, count));
        });
        return outcomes;
    }

    private Outcome run(Layer layer, int count) {
        LayerData data = LayerData.of(layer);
        List<String> names = new ArrayList<>();
        List<Work> works = new ArrayList<>();
        try {
            for (LayerEngine engine : engines) {
                Optional<Work> work = engine.prepare(layer, data, threads);
                work.ifPresent(present -> {
                    names.add(engine.name());
                    works.add(present);
                });
            }
            requireAgreement(layer, names, works);
            List<Work> timed = new ArrayList<>(works);
            timed.add(peak);
            double[][] millis = turns.time(timed);
            Map<String, Timings> timings = new LinkedHashMap<>();
            for (int k = 0; k < works.size(); k++) {
                timings.merge(
                        names.get(k), new Timings(names.get(k), millis[k]), (a, b) -> a.median() <= b.median() ? a : b);
            }
            Timings own = timings.get(names.getFirst());
            // whatever disturbs the processor's peak can only make it less, so the best sample is the peak
            Timings chains = new Timings("peak", millis[works.size()]);
            double gigaflops = 2e-6 * layer.multiplyAdds() / own.median();
            double share = gigaflops / peak.gigaflops(chains.min());
            double turnShare = own.pairedSpeedupOver(chains) * layer.multiplyAdds() / peak.multiplyAdds();
            return new Outcome(layer, count, timings, share, turnShare, gigaflops, Turns.bytesPerRun(works.getFirst()));
        } finally {
            works.forEach(Work::close);
        }
    }

    private static void requireAgreement(Layer layer, List<String> names, List<Work> works) {
        works.forEach(Work::run);
        float[] expected = works.getFirst().result();
        double allowed = AGREEMENT * Math.min(1, rootMeanSquare(expected));
        for (int k = 1; k < works.size(); k++) {
            float[] found = works.get(k).result();
            double largest = expected.length == found.length ? 0 : Double.NaN;
            for (int i = 0; i < Math.min(expected.length, found.length); i++) {
                largest = Math.max(largest, Math.abs((double) expected[i] - found[i]));
            }
            if (!(largest <= allowed)) {
                throw new IllegalStateException("%s: %s and %s differ by %.2g, allowed are %.2g"
                        .formatted(layer.label(), names.getFirst(), names.get(k), largest, allowed));
            }
        }
    }

    private static double rootMeanSquare(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares / values.length);
    }

    @Override
    public void close() {
        peak.close();
        if (nd4j != null) {
            nd4j.close();
        }
    }
}
