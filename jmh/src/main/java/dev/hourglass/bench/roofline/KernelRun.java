package dev.hourglass.bench.roofline;

import dev.hourglass.bench.KernelBenchmark;
import dev.hourglass.bench.Rates;
import dev.hourglass.bench.Twin;
import dev.hourglass.bench.peer.Work;
import java.util.function.BiConsumer;

/** A method of a JMH benchmark, run without JMH. */
public final class KernelRun implements Work {

    private static final double GIGA = 1e9;

    private final KernelBenchmark benchmark;
    private final Runnable method;
    private final double operations;
    private final double bytes;

    private KernelRun(KernelBenchmark benchmark, Runnable method, double operations, double bytes) {
        this.benchmark = benchmark;
        this.method = method;
        this.operations = operations;
        this.bytes = bytes;
    }

    /** Opens a benchmark of a matrix product. */
    static <B extends KernelBenchmark> KernelRun arithmetic(B benchmark, BiConsumer<B, Rates.Arithmetic> method) {
        benchmark.twin = Twin.VECTOR;
        benchmark.open();
        Rates.Arithmetic one = new Rates.Arithmetic();
        method.accept(benchmark, one);
        Rates.Arithmetic all = new Rates.Arithmetic();
        return new KernelRun(benchmark, () -> method.accept(benchmark, all), GIGA * one.gflop, GIGA * one.gigabyte);
    }

    /** Opens a benchmark of a kernel whose arithmetic nobody counts. */
    static <B extends KernelBenchmark> KernelRun traffic(B benchmark, BiConsumer<B, Rates.Traffic> method) {
        benchmark.twin = Twin.VECTOR;
        benchmark.open();
        Rates.Traffic one = new Rates.Traffic();
        method.accept(benchmark, one);
        Rates.Traffic all = new Rates.Traffic();
        return new KernelRun(benchmark, () -> method.accept(benchmark, all), 0, GIGA * one.gigabyte);
    }

    /** Floating-point operations of a run by the textbook, a multiply-add being two; 0 where they are not counted. */
    double operations() {
        return operations;
    }

    /** Bytes of a run's operands, each counted once for being read and once for being written. */
    double bytes() {
        return bytes;
    }

    @Override
    public void run() {
        method.run();
    }

    /** Nothing: kernels are compared with their twins in the library's tests. */
    @Override
    public float[] result() {
        return new float[0];
    }

    @Override
    public void close() {
        benchmark.close();
    }
}
