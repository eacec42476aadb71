package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.TextTable;
import dev.hourglass.memory.MemoryBudget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * All figures of a benchmark.
 *
 * @param model the model's name
 * @param architecture the family's name
 * @param parameters how many numbers the model has learned
 * @param size of the images
 * @param machine what was measured on, as it was before
 * @param options what was measured, and how long
 * @param results one for each job, in the jobs' order
 * @param notes what could not be measured, for people
 */
public record BenchmarkReport(
        String model,
        String architecture,
        long parameters,
        ImageSize size,
        Machine machine,
        BenchmarkOptions options,
        List<Measurement> results,
        List<String> notes) {

    /** The heads of {@link #rows}. */
    public static final List<String> HEADS = List.of(
            "Job",
            "Batch",
            "Threads",
            "Median ms",
            "Min - max ms",
            "Images/s",
            "GFLOP/s",
            "% of peak",
            "Bytes/step",
            "First result",
            "Peak memory");

    /** The heads of {@link #layerRows}. */
    public static final List<String> LAYER_HEADS =
            List.of("Layer", "Operation", "Forward ms", "Backward ms", "Share", "GFLOP/s");

    private static final String NONE = "-";

    /** Copies the lists. */
    public BenchmarkReport {
        results = List.copyOf(results);
        notes = List.copyOf(notes);
    }

    /** The results, a row for each. */
    public List<List<String>> rows() {
        return results.stream().map(BenchmarkReport::row).toList();
    }

    private static List<String> row(Measurement result) {
        ColdStart.Result cold = result.coldStart();
        return List.of(
                result.job().mode().label(),
                Integer.toString(result.job().batch()),
                Integer.toString(result.job().threads()),
                format("%.2f", result.medianMillis()),
                format("%.2f - %.2f", result.minMillis(), result.maxMillis()),
                format("%,.0f", result.imagesPerSecond()),
                format("%.1f", result.gflops()),
                format("%.0f", result.percentOfPeak()),
                format("%,.0f", result.bytesPerStep()),
                cold == null ? NONE : format("%,.0f ms", cold.firstResultMillis()),
                cold == null || cold.peakMemoryBytes() < 0 ? NONE : MemoryBudget.format(cold.peakMemoryBytes()));
    }

    /** The operations of a job, the slowest first, a row for each. */
    public static List<List<String>> layerRows(Measurement result) {
        double all = result.layersMillis();
        List<List<String>> rows = new ArrayList<>();
        for (LayerTime layer : slowestFirst(result)) {
            rows.add(List.of(
                    layer.path(),
                    layer.operation(),
                    format("%.3f", layer.forwardMillis()),
                    layer.backwardMillis() == 0 ? NONE : format("%.3f", layer.backwardMillis()),
                    format("%.1f%%", 100 * layer.millis() / all),
                    layer.multiplyAdds() == 0 ? NONE : format("%.1f", layer.gflops())));
        }
        return rows;
    }

    private static List<LayerTime> slowestFirst(Measurement result) {
        return result.layers().stream()
                .sorted(Comparator.comparingDouble(LayerTime::millis).reversed())
                .toList();
    }

    /** The results as a table in plain characters. */
    public String table() {
        return text("lrrrrrrrrrr", HEADS, rows());
    }

    /** The slowest operations of a job, at most {@code most}, as a table in plain characters. */
    public static String layerTable(Measurement result, int most) {
        List<List<String>> rows = layerRows(result);
        return text("llrrrr", LAYER_HEADS, rows.subList(0, Math.min(most, rows.size())));
    }

    private static String text(String alignment, List<String> heads, List<List<String>> rows) {
        TextTable table = new TextTable(alignment, heads.toArray(String[]::new));
        rows.forEach(row -> table.row(row.toArray(String[]::new)));
        return table.toString();
    }

    /** The model, the machine and how it was measured, by name. */
    public Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("Model", format("%s (%s), %,d parameters, images of %s", model, architecture, parameters, size));
        settings.put("Weights", String.join(", ", formats()));
        settings.put("Machine", machine.describe());
        settings.put("Java", machine.java());
        settings.put("Kernels", machine.kernels());
        settings.put("Load before", machine.load() < 0 ? "not known" : format("%.1f", machine.load()));
        settings.put("FMA peak", String.join(", ", peaks()));
        settings.put(
                "Method",
                format(
                        "%d rounds in turns, warmed up until %.1f s brought no faster run",
                        options.rounds(), options.warmUpSeconds()));
        return settings;
    }

    private List<String> formats() {
        return results.stream()
                .map(result -> result.job().weights().key())
                .distinct()
                .toList();
    }

    private List<String> peaks() {
        Map<Integer, String> peaks = new LinkedHashMap<>();
        results.forEach(result -> peaks.putIfAbsent(
                result.job().threads(),
                format(
                        "%.0f GFLOP/s on %d %s",
                        result.peakGflops(),
                        result.job().threads(),
                        result.job().threads() == 1 ? "thread" : "threads")));
        return List.copyOf(peaks.values());
    }

    /** All figures as a JSON object: {@code model}, {@code machine}, and {@code results}, a list. Times are in milliseconds. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", model);
        json.put("architecture", architecture);
        json.put("parameters", parameters);
        json.put("machine", machine.json());
        json.put("rounds", options.rounds());
        json.put("warm_up_seconds", options.warmUpSeconds());
        json.put("results", results.stream().map(this::json).toList());
        json.put("notes", notes);
        return json;
    }

    private Map<String, Object> json(Measurement result) {
        ColdStart.Result cold = result.coldStart();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", model);
        json.put("mode", result.job().mode().label());
        json.put("batch", result.job().batch());
        json.put("threads", result.job().threads());
        json.put("weights", result.job().weights().key());
        json.put("height", size.height());
        json.put("width", size.width());
        json.put("median_ms", result.medianMillis());
        json.put("min_ms", result.minMillis());
        json.put("max_ms", result.maxMillis());
        json.put("images_per_s", result.imagesPerSecond());
        json.put("gflops", result.gflops());
        json.put("peak_gflops", result.peakGflops());
        json.put("percent_of_peak", result.percentOfPeak());
        json.put("bytes_per_step", result.bytesPerStep());
        json.put("first_result_ms", cold == null ? null : cold.firstResultMillis());
        json.put("peak_memory_bytes", cold == null || cold.peakMemoryBytes() < 0 ? null : cold.peakMemoryBytes());
        json.put("planned_memory_bytes", result.plannedBytes());
        json.put("round_ms", result.millis());
        json.put("layers_ms", result.layersMillis());
        json.put(
                "layers",
                result.layers().stream()
                        .map(layer -> json(layer, result.layersMillis()))
                        .toList());
        return json;
    }

    private static Map<String, Object> json(LayerTime layer, double all) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("layer", layer.path());
        json.put("operation", layer.operation());
        json.put("ms", layer.millis());
        json.put("forward_ms", layer.forwardMillis());
        json.put("backward_ms", layer.backwardMillis());
        json.put("share_percent", 100 * layer.millis() / all);
        json.put("gflops", layer.gflops());
        return json;
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
