package dev.hourglass.bench.layer;

import java.util.Locale;

/** A layer of a network on inputs of a fixed size. Shapes of images are {@code [N, C, H, W]}. */
public sealed interface Layer {

    /** For people. */
    String label();

    /** The input's dimensions. */
    int[] inputShape();

    /** The output's dimensions. */
    int[] outputShape();

    /** The weight's dimensions, as PyTorch has them. */
    int[] weightShape();

    /** Learned numbers, biases included. */
    default long parameters() {
        return elements(weightShape()) + bias();
    }

    /** The length of the bias. */
    int bias();

    /** Multiply-adds by the textbook, whatever an engine makes of them; 0 for layers that are no matrix products. */
    long multiplyAdds();

    /** The product of dimensions. */
    static long elements(int... shape) {
        long product = 1;
        for (int dim : shape) {
            product *= dim;
        }
        return product;
    }

    /**
     * Convolution with a square kernel, padded by half of it.
     *
     * @param side height and width of the input
     */
    record Convolution(int batch, int side, int in, int out, int kernel, int stride) implements Layer {

        /** Zeros on each side. */
        int padding() {
            return kernel / 2;
        }

        private int outputSide() {
            return (side + 2 * padding() - kernel) / stride + 1;
        }

        @Override
        public String label() {
            String step = stride == 1 ? "" : "/" + stride;
            return text("conv %dx%d%s, %d to %d, %dx%dx%d", kernel, kernel, step, in, out, batch, side, side);
        }

        @Override
        public int[] inputShape() {
            return new int[] {batch, in, side, side};
        }

        @Override
        public int[] outputShape() {
            return new int[] {batch, out, outputSide(), outputSide()};
        }

        @Override
        public int[] weightShape() {
            return new int[] {out, in, kernel, kernel};
        }

        @Override
        public int bias() {
            return out;
        }

        @Override
        public long multiplyAdds() {
            return elements(outputShape()) * in * kernel * kernel;
        }
    }

    /**
     * Group norm.
     *
     * @param silu whether SiLU follows
     */
    record Norm(int batch, int side, int channels, int groups, boolean silu) implements Layer {

        @Override
        public String label() {
            String name = silu ? "group norm and SiLU" : "group norm";
            return text("%s, %d in %d groups, %dx%dx%d", name, channels, groups, batch, side, side);
        }

        @Override
        public int[] inputShape() {
            return new int[] {batch, channels, side, side};
        }

        @Override
        public int[] outputShape() {
            return inputShape();
        }

        @Override
        public int[] weightShape() {
            return new int[] {channels};
        }

        @Override
        public int bias() {
            return channels;
        }

        @Override
        public long multiplyAdds() {
            return 0;
        }
    }

    /** A linear layer on {@code [rows, in]}. */
    record Linear(int rows, int in, int out) implements Layer {

        @Override
        public String label() {
            return text("linear, %d to %d, %d rows", in, out, rows);
        }

        @Override
        public int[] inputShape() {
            return new int[] {rows, in};
        }

        @Override
        public int[] outputShape() {
            return new int[] {rows, out};
        }

        @Override
        public int[] weightShape() {
            return new int[] {out, in};
        }

        @Override
        public int bias() {
            return out;
        }

        @Override
        public long multiplyAdds() {
            return (long) rows * in * out;
        }
    }

    private static String text(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
