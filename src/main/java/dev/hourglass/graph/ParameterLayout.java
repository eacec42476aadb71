package dev.hourglass.graph;

import dev.hourglass.memory.Shape;

/** How a parameter's elements are ordered in memory, against PyTorch's order in files. */
public sealed interface ParameterLayout {

    /** The place in the file's order of the element at place {@code index} in memory. */
    long fileIndex(Shape fileShape, long index);

    /** The same order. */
    record Plain() implements ParameterLayout {

        @Override
        public long fileIndex(Shape fileShape, long index) {
            return index;
        }
    }

    /** File {@code [out, in]}, memory {@code [in, out]}: the right factor of a matrix product, its rows contiguous. */
    record Transposed() implements ParameterLayout {

        @Override
        public long fileIndex(Shape fileShape, long index) {
            int out = fileShape.dim(0);
            int in = fileShape.dim(1);
            return index % out * in + index / out;
        }
    }

    /**
     * File {@code [out, in / groups, kh, kw]}, memory {@code [groups, kh, kw, in / groups, out / groups]}: for each group the right
     * factor of the im2col product.
     *
     * @param groups how many groups the channels are cut into
     */
    record Convolution(int groups) implements ParameterLayout {

        @Override
        public long fileIndex(Shape fileShape, long index) {
            int out = fileShape.dim(0) / groups;
            int in = fileShape.dim(1);
            int taps = fileShape.dim(2) * fileShape.dim(3);
            long co = index % out;
            long ci = index / out % in;
            long tap = index / out / in % taps;
            long group = index / out / in / taps;
            return ((group * out + co) * in + ci) * taps + tap;
        }
    }
}
