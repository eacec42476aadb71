package dev.hourglass.graph.op;

import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The memory and the workers that an operation is bound to. Gradients exist only where {@link #training} holds. */
public interface Binding extends Site {

    /** Who does the work. */
    Workers workers();

    /** Input {@code index}. */
    MemorySegment input(int index);

    /** The output. */
    MemorySegment output();

    /** The number of parameters. */
    int parameters();

    /** Parameter {@code index}. */
    MemorySegment parameter(int index);

    /** Buffer {@code index} of {@link Op#buffers}. */
    MemorySegment buffer(int index);

    /** The scratch memory of a worker. */
    MemorySegment workspace(int worker);

    /** The gradient of the output. */
    MemorySegment outputGradient();

    /** The gradient of input {@code index}, or {@code null} when none is wanted. */
    MemorySegment inputGradient(int index);

    /** Whether {@link #inputGradient} needs to be computed: somebody wants it, and it is not the output's gradient in the same place. */
    default boolean computesInputGradient(int index) {
        return wantsInputGradient(index)
                && inputGradient(index).address() != outputGradient().address();
    }

    /** Whether the gradient of input {@code index} already holds another reader's share, to be added to. */
    boolean accumulatesInputGradient(int index);

    /** Where the gradient of parameter {@code index} may go: a place in each of the sums over images that a program adds up. */
    List<MemorySegment> parameterGradients(int index);

    /** Which of the {@link #parameterGradients} the backward pass that runs now adds to. */
    int gradientSum();

    /** Where the gradient of parameter {@code index} goes in the backward pass that runs now. */
    default MemorySegment parameterGradient(int index) {
        return parameterGradients(index).get(gradientSum());
    }

    /** Whether the gradient of parameter {@code index} already holds another share, to be added to; asked in each backward pass. */
    boolean accumulatesParameterGradient(int index);
}
