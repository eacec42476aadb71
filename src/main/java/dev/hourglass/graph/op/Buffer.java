package dev.hourglass.graph.op;

/**
 * Memory that an operation asks for beside its inputs and output.
 *
 * @param purpose what it holds, for memory plans
 * @param bytes its size
 * @param lifetime when it must keep its contents
 */
public record Buffer(String purpose, long bytes, Lifetime lifetime) {

    /** When a buffer's contents must be kept. */
    public enum Lifetime {
        /** As long as the program: weights in packed form. */
        PROGRAM,
        /** From the operation's forward to its backward: statistics. */
        FORWARD_TO_BACKWARD,
        /** While the operation's backward runs: partial sums. */
        BACKWARD
    }
}
