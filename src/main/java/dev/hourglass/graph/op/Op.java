package dev.hourglass.graph.op;

import dev.hourglass.memory.Shape;
import java.util.List;

/** An operation of a graph. It holds settings only; memory comes with the {@link Binding} when a program is compiled. */
public sealed interface Op
        permits Activation,
                Add,
                Affine,
                Attention,
                AveragePool,
                ChannelShift,
                Concat,
                ConcatTokens,
                Conv2d,
                DivideImages,
                Dropout,
                Embedding,
                FirResize,
                FourierEncoding,
                Geglu,
                GroupNorm,
                LayerNorm,
                Linear,
                MeanSquaredError,
                NearestResize,
                Reshape,
                ResizedConcat,
                ScaleShift,
                Silu,
                SinusoidalEncoding,
                TokenSum,
                Zeros {

    /**
     * The output's shape.
     *
     * @throws dev.hourglass.error.HourglassException when the inputs do not fit the operation
     */
    Shape shape(List<Shape> inputs);

    /** Multiply-adds of one forward pass; 0 for operations that are no matrix products. */
    default long multiplyAdds(List<Shape> inputs, Shape output) {
        return 0;
    }

    /** Whether {@link Execution#prepare} brings the parameters into another form, so that running does not read them. */
    default boolean packsParameters() {
        return false;
    }

    /** Whether {@link Execution#prepare} rounds parameter {@code index} to the {@link dev.hourglass.kernel.WeightFormat} of its kernels. */
    default boolean roundsParameter(int index) {
        return false;
    }

    /** Memory the operation needs beside inputs, output and parameters, in the order {@link Binding#buffer} finds it. */
    default List<Buffer> buffers(Site site) {
        return List.of();
    }

    /** Scratch bytes that each worker needs while the operation runs. */
    default long workspaceBytes(Site site) {
        return 0;
    }

    /** Whether {@link Execution#backward} reads input {@code index}, so that it must be kept. */
    boolean backwardReadsInput(int index);

    /** Whether {@link Execution#backward} reads the output, so that it must be kept. */
    default boolean backwardReadsOutput() {
        return false;
    }

    /**
     * Whether the gradient of input {@code index} is the output's gradient as it is: the two then share memory where the input has no
     * other reader.
     */
    default boolean passesGradient(int index) {
        return false;
    }

    /**
     * Whether the output may stand where input {@code index} stands: whoever writes an element has read that of the input before, and
     * nobody else reads it.
     */
    default boolean overwrites(int index) {
        return false;
    }

    /** Binds the operation to memory, kernels and workers. Everything is decided and allocated here. */
    Execution bind(Binding binding);
}
