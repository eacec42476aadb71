package dev.hourglass.cli;

import dev.hourglass.measure.Job;
import dev.hourglass.measure.Measurement;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;

/** Images per second: a group of bars for each mode and batch, a bar in it for each number of threads. */
final class RateChart {

    static final int WIDTH = 1000;
    static final int HEIGHT = 420;

    private static final Color[] COLORS = {
        new Color(0xb9c6d8), new Color(0x1f5fa8), new Color(0x6fa8dc), new Color(0x14365f)
    };
    private static final Color INK = new Color(0x333333);
    private static final Color RULE = new Color(0xe6e6e6);
    private static final int MARGIN = 24;

    private final List<Measurement> results;
    private final List<String> groups;
    private final List<Integer> threads;

    private RateChart(List<Measurement> results) {
        this.results = results;
        groups = results.stream().map(result -> group(result.job())).distinct().toList();
        threads = results.stream()
                .map(result -> result.job().threads())
                .distinct()
                .toList();
    }

    /** Draws the chart; without words on machines that have no fonts, as small containers do. */
    static BufferedImage draw(List<Measurement> results) {
        RateChart chart = new RateChart(results);
        try {
            return chart.withWords();
        } catch (RuntimeException | InternalError | LinkageError e) {
            return chart.withoutWords();
        }
    }

    private static String group(Job job) {
        return job.mode().label() + ", batch " + job.batch();
    }

    /** The bars of one number of threads, in the groups' order. */
    private List<Double> rates(int count) {
        return groups.stream()
                .map(group -> results.stream()
                        .filter(result -> group(result.job()).equals(group)
                                && result.job().threads() == count)
                        .mapToDouble(Measurement::imagesPerSecond)
                        .findFirst()
                        .orElse(0))
                .toList();
    }

    private static Color color(int series) {
        return COLORS[series % COLORS.length];
    }

    private BufferedImage withWords() {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .yAxisTitle("images/s")
                .build();
        chart.getStyler()
                .setYAxisDecimalPattern("#,###")
                .setPlotGridLinesColor(RULE)
                .setPlotBorderVisible(false)
                .setLegendPosition(Styler.LegendPosition.OutsideE)
                .setLegendBorderColor(Color.WHITE)
                .setChartBackgroundColor(Color.WHITE)
                .setChartFontColor(INK);
        for (int series = 0; series < threads.size(); series++) {
            int count = threads.get(series);
            chart.addSeries(count + (count == 1 ? " thread" : " threads"), groups, rates(count))
                    .setFillColor(color(series));
        }
        return BitmapEncoder.getBufferedImage(chart);
    }

    private BufferedImage withoutWords() {
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, WIDTH, HEIGHT);
        double highest =
                results.stream().mapToDouble(Measurement::imagesPerSecond).max().orElse(1);
        // One bar's room is left between the groups.
        int slots = groups.size() * (threads.size() + 1);
        for (int series = 0; series < threads.size(); series++) {
            List<Double> rates = rates(threads.get(series));
            graphics.setColor(color(series));
            for (int group = 0; group < groups.size(); group++) {
                int slot = group * (threads.size() + 1) + series;
                int left = MARGIN + (WIDTH - 2 * MARGIN) * slot / slots;
                int right = MARGIN + (WIDTH - 2 * MARGIN) * (slot + 1) / slots;
                int height = (int) ((HEIGHT - 2 * MARGIN) * rates.get(group) / highest);
                graphics.fillRect(left, HEIGHT - MARGIN - height, right - left, height);
            }
        }
        graphics.dispose();
        return picture;
    }
}
