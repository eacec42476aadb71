package dev.hourglass.graph.op;

import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;

/** What is known about an operation's place in a graph before there is memory. */
public interface Site {

    /** The arithmetic. */
    Kernels kernels();

    /** The number of inputs. */
    int inputs();

    /** The shape of input {@code index}. */
    Shape inputShape(int index);

    /** The output's shape. */
    Shape outputShape();

    /** Whether {@link Execution#backward} will be called. */
    boolean training();

    /** Whether input {@code index} needs a gradient. */
    boolean wantsInputGradient(int index);
}
