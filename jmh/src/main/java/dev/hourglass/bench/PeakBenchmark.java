package dev.hourglass.bench;

import dev.hourglass.kernel.MultiplyAddChains;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;

/** The bound of all arithmetic: multiply-adds that never leave the registers, on one thread. */
public class PeakBenchmark extends KernelBenchmark {

    private static final int ROUNDS = 20_000;

    private MultiplyAddChains kernel;

    /** Finds the kernel. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().multiplyAddChains();
    }

    /** {@code c = c / 2 + 1 / 2}, many times over. */
    @Benchmark
    public float chains(Rates.Arithmetic rate) {
        rate.multiplyAdds((long) ROUNDS * kernel.perRound());
        return kernel.run(ROUNDS, 2);
    }
}
