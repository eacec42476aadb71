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

    /** The place in {@code [.., c, b, a]} of the element at place {@code index} in {@code [.., a, b, c]}. */
    private static long reversed(long index, int a, int b, int c) {
        long k = index % c;
        long j = index / c % b;
        long i = index / c / b % a;
        long before = index / c / b / a;
        return ((before * c + k) * b + j) * a + i;
    }

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
            return reversed(index, fileShape.dim(1), 1, fileShape.dim(0));
        }

        @Override
        public long memoryIndex(Shape fileShape, long index) {
            return reversed(index, fileShape.dim(0), 1, fileShape.dim(1));
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
            return reversed(index, taps(fileShape), fileShape.dim(1), fileShape.dim(0) / groups);
        }

        @Override
        public long memoryIndex(Shape fileShape, long index) {
            return reversed(index, fileShape.dim(0) / groups, fileShape.dim(1), taps(fileShape));
        }

        private static int taps(Shape fileShape) {
            return fileShape.dim(2) * fileShape.dim(3);
        }

        @Override
        public int rowsSideBySide(Shape fileShape) {
            return fileShape.dim(0) / groups;
        }
    }
}
