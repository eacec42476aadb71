package dev.hourglass.bench;

import dev.hourglass.bench.peer.Comparison;
import dev.hourglass.bench.peer.Job;
import dev.hourglass.bench.peer.Timings;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.Styler;

/** Images per second over something, as a chart and as a table. */
final class ScalingCharts {

    private static final String FOLDER = "docs/perf";
    private static final Color RULE = new Color(0xe6e6e6);

    private final Path report;

    /**
     * Prepares nothing.
     *
     * @param report the file that links to the charts; {@code null} for tables alone
     */
    ScalingCharts(Path report) {
        this.report = report;
    }

    /**
     * Writes a chart.
     *
     * @param name of the file, without its ending
     * @param axis what is varied, in words
     * @param varied the value on the axis
     * @return a link and a table
     */
    String write(String name, String axis, ToIntFunction<Job> varied, List<Comparison.Outcome> outcomes)
            throws IOException {
        Map<String, TreeMap<Integer, Double>> rates = new LinkedHashMap<>();
        for (Comparison.Outcome outcome : outcomes) {
            for (Timings timings : outcome.timings()) {
                rates.computeIfAbsent(timings.engine(), _ -> new TreeMap<>())
                        .put(
                                varied.applyAsInt(outcome.job()),
                                1e3 * outcome.job().batch() / timings.median());
            }
        }
        String title = "Images per second by " + axis;
        StringBuilder text = new StringBuilder("\n");
        if (report != null) {
            Path file = report.resolveSibling(FOLDER).resolve(name + ".png");
            Files.createDirectories(file.getParent());
            ImageIO.write(BitmapEncoder.getBufferedImage(chart(title, axis, rates)), "png", file.toFile());
            text.append("![").append(title).append("](" + FOLDER + "/" + name + ".png)\n\n");
        }
        return text.append(table(axis, rates)).toString();
    }

    /** Values on the axis stand side by side, whatever lies between them: they are mostly powers of two. */
    private static CategoryChart chart(String title, String axis, Map<String, TreeMap<Integer, Double>> rates) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(900)
                .height(480)
                .title(title)
                .xAxisTitle(axis)
                .yAxisTitle("images/s")
                .build();
        chart.getStyler()
                .setDefaultSeriesRenderStyle(CategorySeries.CategorySeriesRenderStyle.Line)
                .setOverlapped(true)
                .setYAxisMin(0.0)
                .setPlotGridLinesColor(RULE)
                .setPlotBorderVisible(false)
                .setLegendPosition(Styler.LegendPosition.OutsideE)
                .setChartBackgroundColor(Color.WHITE);
        rates.forEach((engine, values) ->
                chart.addSeries(engine, List.copyOf(values.keySet()), List.copyOf(values.values())));
        return chart;
    }

    private static String table(String axis, Map<String, TreeMap<Integer, Double>> rates) {
        StringBuilder table = new StringBuilder("| images/s, " + axis + ": |");
        StringBuilder rule = new StringBuilder("|---|");
        for (int value : rates.values().iterator().next().keySet()) {
            table.append(' ').append(value).append(" |");
            rule.append("---:|");
        }
        table.append('\n').append(rule).append('\n');
        rates.forEach((engine, values) -> {
            table.append("| ").append(engine).append(" |");
            values.values().forEach(rate -> table.append(String.format(Locale.ROOT, " %.0f |", rate)));
            table.append('\n');
        });
        return table.toString();
    }
}
