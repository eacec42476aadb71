package dev.hourglass.cli;

import dev.hourglass.measure.BenchmarkReport;
import dev.hourglass.measure.Measurement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** A benchmark's figures on one page. */
final class BenchPage {

    private final HtmlPage page = new HtmlPage("bench.html");
    private final BenchmarkReport report;

    private BenchPage(BenchmarkReport report) {
        this.report = report;
    }

    /** The page, in UTF-8. */
    static byte[] html(BenchmarkReport report) {
        return new BenchPage(report).html();
    }

    private byte[] html() {
        page.text("model", report.model());
        page.text("machine", report.machine().describe());
        page.text("version", "Hourglass " + Version.hourglass());
        best("rate", "%,.0f", Measurement::imagesPerSecond);
        best("gflops", "%,.0f", Measurement::gflops);
        best("percent", "%.0f", Measurement::percentOfPeak);
        page.image("chart", RateChart.draw(report.results()));
        page.table("results", BenchmarkReport.HEADS, report.rows());
        Map<String, List<List<String>>> layers = new LinkedHashMap<>();
        report.results()
                .forEach(result -> layers.put(
                        String.format(
                                Locale.ROOT,
                                "%s: %.2f ms of %.2f ms",
                                result.job().label(),
                                result.layersMillis(),
                                result.medianMillis()),
                        BenchmarkReport.layerRows(result)));
        page.foldedTables("layers", BenchmarkReport.LAYER_HEADS, layers);
        List<List<String>> settings = new ArrayList<>();
        report.settings().forEach((name, value) -> settings.add(List.of(name, value)));
        report.notes().forEach(note -> settings.add(List.of("Note", note)));
        page.table("settings", List.of(), settings);
        return page.html();
    }

    /** The largest of a figure, and the job that reached it. */
    private void best(String place, String format, ToDoubleFunction<Measurement> figure) {
        Measurement best = report.results().stream()
                .max(Comparator.comparingDouble(figure))
                .orElseThrow();
        page.text(place, String.format(Locale.ROOT, format, figure.applyAsDouble(best)));
        page.text(place + "_job", best.job().label());
    }
}
