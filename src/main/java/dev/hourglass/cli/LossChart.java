package dev.hourglass.cli;

import dev.hourglass.train.LossHistory;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The loss over the steps, as it was and smoothed, on a logarithmic axis. */
final class LossChart {

    static final int WIDTH = 1000;
    static final int HEIGHT = 480;

    private static final Color RAW = new Color(0xb9c6d8);
    private static final Color SMOOTHED = new Color(0x1f5fa8);
    private static final Color INK = new Color(0x333333);
    private static final Color RULE = new Color(0xe6e6e6);
    private static final int MARGIN = 24;
    private static final int POINTS = 2000;

    private final double[] steps;
    private final double[] raw;
    private final double[] smoothed;

    private LossChart(LossHistory history) {
        float[] losses = history.losses();
        double[] means = history.smoothed(Math.max(1, losses.length / 40));
        // More points than pixels only cost time: a thinned raw curve shows the same spread.
        int stride = Math.max(1, losses.length / POINTS);
        int[] shown = IntStream.range(0, losses.length)
                .filter(k -> k % stride == 0 || k == losses.length - 1)
                .toArray();
        steps = Arrays.stream(shown).mapToDouble(k -> k + 1).toArray();
        raw = Arrays.stream(shown).mapToDouble(k -> losses[k]).toArray();
        smoothed = Arrays.stream(shown).mapToDouble(k -> means[k]).toArray();
    }

    /** Draws the chart; without words on machines that have no fonts, as small containers do. */
    static BufferedImage draw(LossHistory history) {
        LossChart chart = new LossChart(history);
        try {
            return chart.withWords();
        } catch (RuntimeException | InternalError | LinkageError e) {
            return chart.withoutWords();
        }
    }

    private BufferedImage withWords() {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("Training loss")
                .xAxisTitle("step")
                .yAxisTitle("mean squared error of the predicted noise")
                .build();
        chart.getStyler()
                .setXAxisMin(0.0)
                .setYAxisLogarithmic(true)
                .setYAxisLogarithmicDecadeOnly(false)
                .setYAxisDecimalPattern("0.###")
                .setPlotGridLinesColor(RULE)
                .setPlotBorderVisible(false)
                .setLegendPosition(Styler.LegendPosition.InsideNE)
                .setLegendBorderColor(Color.WHITE)
                .setChartBackgroundColor(Color.WHITE)
                .setChartFontColor(INK);
        add(chart, "each step", raw, RAW, 1f);
        add(chart, "smoothed", smoothed, SMOOTHED, 2.5f);
        return BitmapEncoder.getBufferedImage(chart);
    }

    private void add(XYChart chart, String name, double[] values, Color color, float width) {
        XYSeries series = chart.addSeries(name, steps, values);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(color);
        series.setLineStyle(new BasicStroke(width));
    }

    private BufferedImage withoutWords() {
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, WIDTH, HEIGHT);
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        double low = Math.log(Arrays.stream(raw).min().orElse(1));
        double high = Math.log(Arrays.stream(raw).max().orElse(1));
        line(graphics, raw, RAW, 1f, low, high);
        line(graphics, smoothed, SMOOTHED, 2.5f, low, high);
        graphics.dispose();
        return picture;
    }

    private void line(Graphics2D graphics, double[] values, Color color, float width, double low, double high) {
        Path2D path = new Path2D.Double();
        double right = steps[steps.length - 1];
        for (int k = 0; k < values.length; k++) {
            double x = MARGIN + (WIDTH - 2 * MARGIN) * steps[k] / right;
            double share = (Math.log(values[k]) - low) / Math.max(1e-9, high - low);
            double y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share;
            if (k == 0) {
                path.moveTo(x, y);
            } else {
                path.lineTo(x, y);
            }
        }
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke(width));
        graphics.draw(path);
    }
}
