package dev.hourglass.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Kernels of one family on one thread; settings are fields, and what runs without JMH calls {@link #open} and {@link #close} itself. */
@State(Scope.Thread)
public abstract class KernelBenchmark extends ShortRuns implements AutoCloseable {

    /** The implementation. */
    @Param
    public Twin twin;

    /** Closed with the benchmark. */
    final Operands operands = new Operands();

    /** Opens the operands. */
    public abstract void open();

    /** Gives the operands back. */
    @Override
    @TearDown(Level.Trial)
    public void close() {
        operands.close();
    }
}
