package dev.hourglass.bench;

import dev.hourglass.kernel.Resample;
import dev.hourglass.kernel.Resample.Border;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Resizing on one thread: nearest as the levels on the way up do it, the odd 3 to 7 included, and through a filter. */
public class ResampleBenchmark extends KernelBenchmark {

    /** Output {@code NxHxWxC}; the input is half as high and wide, rounded down. */
    @Param({
        "16x28x28x32",
        "16x28x28x64",
        "16x14x14x64",
        "16x7x7x128",
        "2x64x64x256",
        "2x16x16x512",
        "1x64x64x640",
        "1x16x16x1280"
    })
    public String output;

    private Resample kernel;
    private FeatureMap map;
    private int height;
    private int width;
    private long inputs;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().resample();
        map = FeatureMap.parse(output);
        height = map.height() / 2;
        width = map.width() / 2;
        inputs = (long) map.images() * height * width * map.channels();
        x = operands.normals(inputs);
        y = operands.floats(map.elements());
        dy = operands.normals(map.elements());
        dx = operands.floats(inputs);
    }

    /** Pixels repeated. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        int rows = map.images() * map.height();
        int channels = map.channels();
        kernel.nearest(x, y, channels, height, width, map.height(), map.width(), channels, 0, rows);
        rate.floats(inputs + map.elements());
    }

    /** Twice the size through a filter, as latent upscalers do it. */
    @Benchmark
    public void filteredTwice(Rates.Traffic rate) {
        kernel.fir(
                false,
                Border.MIRROR,
                x,
                y,
                1f / 16,
                height,
                width,
                map.height(),
                map.width(),
                map.channels(),
                0,
                map.images());
        rate.floats(inputs + map.elements());
    }

    /** Half the size through a filter. */
    @Benchmark
    public void filteredHalf(Rates.Traffic rate) {
        kernel.fir(
                true,
                Border.MIRROR,
                dy,
                dx,
                1f / 64,
                map.height(),
                map.width(),
                height,
                width,
                map.channels(),
                0,
                map.images());
        rate.floats(inputs + map.elements());
    }

    /** Gradients through the filter. */
    @Benchmark
    public void filteredTwiceBackward(Rates.Traffic rate) {
        kernel.firGradient(
                false,
                Border.MIRROR,
                dy,
                dx,
                false,
                1f / 16,
                height,
                width,
                map.height(),
                map.width(),
                map.channels(),
                0,
                map.images());
        rate.floats(inputs + map.elements());
    }

    /** Gradients summed over the repeats. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        int rows = map.images() * height;
        int channels = map.channels();
        kernel.nearestGradient(dy, channels, dx, false, height, width, map.height(), map.width(), channels, 0, rows);
        rate.floats(inputs + map.elements());
    }
}
