package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.parallel.Workers;
import java.util.Set;

/**
 * What a session is compiled for.
 *
 * @param batch images at a time, at least 1
 * @param height rows of an image
 * @param width columns of an image
 * @param threads threads that work, the caller included, at least 1
 * @param cutWires memory wires that carry zeros, by number from 1 at full resolution; for looking into a model
 * @param arithmetic which algorithms run, and what weights are packed in
 * @param tokens tokens of a text, for models that listen to one
 */
public record SessionOptions(
        int batch, int height, int width, int threads, Set<Integer> cutWires, Arithmetic arithmetic, int tokens) {

    /** The tokens that CLIP's text encoders give. */
    public static final int USUAL_TOKENS = 77;

    /** Checks the numbers. */
    public SessionOptions {
        require(batch >= 1, "batch", batch);
        require(height >= 1, "height", height);
        require(width >= 1, "width", width);
        require(threads >= 1, "threads", threads);
        require(tokens >= 1, "tokens", tokens);
        cutWires = Set.copyOf(cutWires);
    }

    /** A session on as many threads as the JVM has processors, all wires whole. */
    public static SessionOptions of(int batch, int height, int width) {
        return new SessionOptions(
                batch, height, width, Workers.defaultThreads(), Set.of(), Arithmetic.FASTEST, USUAL_TOKENS);
    }

    /** The same for another batch. */
    public SessionOptions withBatch(int batch) {
        return new SessionOptions(batch, height, width, threads, cutWires, arithmetic, tokens);
    }

    /** The same with convolutions as plain sums of products, or with the fastest algorithms. */
    public SessionOptions withExact(boolean exact) {
        return withArithmetic(new Arithmetic(exact, arithmetic.weights()));
    }

    /** The same with weights that are packed in another format: in half of the memory, where it has 16 bits. */
    public SessionOptions withWeights(WeightFormat weights) {
        return withArithmetic(new Arithmetic(arithmetic.exact(), weights));
    }

    /** The same with other algorithms or another format of weights. */
    public SessionOptions withArithmetic(Arithmetic arithmetic) {
        return new SessionOptions(batch, height, width, threads, cutWires, arithmetic, tokens);
    }

    /** The same on another number of threads. */
    public SessionOptions withThreads(int threads) {
        return new SessionOptions(batch, height, width, threads, cutWires, arithmetic, tokens);
    }

    /** The same for texts of another number of tokens. */
    public SessionOptions withTokens(int tokens) {
        return new SessionOptions(batch, height, width, threads, cutWires, arithmetic, tokens);
    }

    /** The same with these memory wires cut. */
    public SessionOptions withCutWires(Set<Integer> cutWires) {
        return new SessionOptions(batch, height, width, threads, cutWires, arithmetic, tokens);
    }

    private static void require(boolean holds, String option, int found) {
        if (!holds) {
            throw HourglassException.what("not a size to compile for")
                    .where(option)
                    .expected("at least 1")
                    .found(found)
                    .build();
        }
    }
}
