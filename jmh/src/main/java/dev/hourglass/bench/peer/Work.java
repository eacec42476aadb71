package dev.hourglass.bench.peer;

/** Something that is ready to run and to be timed. */
public interface Work extends AutoCloseable {

    /** One forward pass, training step or layer, finished when the method returns. */
    void run();

    /** Milliseconds that a number of runs take, one after the other. */
    default double millis(int runs) {
        long start = System.nanoTime();
        for (int run = 0; run < runs; run++) {
            run();
        }
        return (System.nanoTime() - start) / 1e6;
    }

    /** What the last run gave: the output in the order {@code [N, C, H, W]}, or the loss as the only element. */
    float[] result();

    @Override
    void close();
}
