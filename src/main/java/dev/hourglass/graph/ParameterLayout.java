package dev.hourglass.graph;

import dev.hourglass.memory.Shape;

/** How a parameter's elements are ordered in memory, against PyTorch's order in files. */
public sealed interface ParameterLayout {

    /** The place in the file's order of the element at place {@code index} in memory. */
    long fileIndex(Shape fileShape, long index);

    /** The place in memory of the element at place {@code index} in the file's order: the other way round. */
    long memoryIndex(Shape fileShape, long index);

    /** How many rows of the file, which are output channels, have their elements side by side in memory. */
    int rowsSideBySide(Shape fileShape);

    /** The same order. */
    record Plain() implements ParameterLayout {

        @Override
        public long fileIndex(Shape fileShape, long index) {
            return index;
        }

        @Override
        public long memoryIndex(Shape fileShape, long index) {
            return index;
        }

        @Override
        public int rowsSideBySide(Shape fileShape) {
            return 1;
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

        @Override
        public long memoryIndex(Shape fileShape, long index) {
            int out = fileShape.dim(0);
            int in = fileShape.dim(1);
            return index % in * out + index / in;
        }

        @Override
        public int rowsSideBySide(Shape fileShape) {
            return fileShape.dim(0);
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

        @Override
        public long memoryIndex(Shape fileShape, long index) {
            int out = fileShape.dim(0) / groups;
            int in = fileShape.dim(1);
            int taps = fileShape.dim(2) * fileShape.dim(3);
            long tap = index % taps;
            long ci = index / taps % in;
            long co = index / taps / in % out;
            long group = index / taps / in / out;
            return ((group * taps + tap) * in + ci) * out + co;
        }

        @Override
        public int rowsSideBySide(Shape fileShape) {
            return fileShape.dim(0) / groups;
        }
    }
}
