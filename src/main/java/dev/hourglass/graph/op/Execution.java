package dev.hourglass.graph.op;

/** An operation bound to memory. Running it decides nothing and allocates nothing. */
public interface Execution {

    /** Brings parameters into the form the kernels read; runs when they have changed. */
    default void prepare() {}

    /** Computes the output from the inputs. */
    void forward();

    /** Computes the gradients of inputs and parameters from the gradient of the output. */
    void backward();
}
