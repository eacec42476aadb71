package dev.hourglass.bench;

import dev.hourglass.kernel.Channels;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Concatenation of channels and of tokens, the timestep shift, and sums over tokens, on one thread. */
public class ChannelsBenchmark extends KernelBenchmark {

    /** One side of the concatenation, or the shifted features, {@code NxHxWxC}. */
    @Param({
        "16x28x28x32",
        "16x14x14x64",
        "16x7x7x128",
        "2x64x64x128",
        "2x8x8x512",
        "1x64x64x320",
        "1x8x8x1280",
        "1x392x392x64"
    })
    public String input;

    private Channels kernel;
    private FeatureMap map;
    private long pixels;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment both;
    private MemorySegment shift;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().channels();
        map = FeatureMap.parse(input);
        pixels = (long) map.images() * map.pixels();
        x = operands.normals(map.elements());
        y = operands.normals(map.elements());
        both = operands.floats(2 * map.elements());
        shift = operands.normals((long) map.images() * map.channels());
    }

    /** Two maps of the same width side by side. */
    @Benchmark
    public void concat(Rates.Traffic rate) {
        int channels = map.channels();
        kernel.copy(x, channels, 0, both, 2 * channels, 0, channels, false, 0, pixels);
        kernel.copy(y, channels, 0, both, 2 * channels, channels, channels, false, 0, pixels);
        rate.floats(4 * map.elements());
    }

    /** The pixels of two maps as tokens, one map's after the other's: long runs, an image at a time. */
    @Benchmark
    public void concatTokens(Rates.Traffic rate) {
        int image = map.pixels() * map.channels();
        kernel.copy(x, image, 0, both, 2 * image, 0, image, false, 0, map.images());
        kernel.copy(y, image, 0, both, 2 * image, image, image, false, 0, map.images());
        rate.floats(4 * map.elements());
    }

    /** {@code y = x + shift}, one number per image and channel. */
    @Benchmark
    public void shift(Rates.Traffic rate) {
        kernel.shift(x, shift, y, map.pixels(), map.channels(), 0, map.images());
        rate.floats(2 * map.elements());
    }

    /** The gradient of the shift, and the sum over tokens: sums over pixels. */
    @Benchmark
    public void shiftGradient(Rates.Traffic rate) {
        kernel.shiftGradient(x, shift, false, map.pixels(), map.channels(), 0, map.images());
        rate.floats(map.elements());
    }
}
