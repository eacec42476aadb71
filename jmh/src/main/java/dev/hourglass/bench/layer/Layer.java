package dev.hourglass.bench.layer;

import java.util.Locale;

/** A layer of a network on inputs of a fixed size. Shapes of images are {@code [N, C, H, W]}. */
public sealed interface Layer {

    /** For people. */
    String label();

    /** How many inputs there are, all of one shape. */
    default int inputs() {
        return 1;
    }

    /** An input's dimensions. */
    int[] inputShape();

    /** The output's dimensions. */
    int[] outputShape();

    /** The weight's dimensions, as PyTorch has them; {@code [0]} for none. */
    int[] weightShape();

    /** Learned numbers, biases included. */
    default long parameters() {
        return elements(weightShape()) + bias();
    }

    /** The length of the bias; 0 for none. */
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
     * @param exact whether this library only adds up products, without Winograd's algorithm; others do as they like
     */
    record Convolution(int batch, int side, int in, int out, int kernel, int stride, boolean exact) implements Layer {

        /** Convolution by the fastest algorithm. */
        Convolution(int batch, int side, int in, int out, int kernel, int stride) {
            this(batch, side, in, out, kernel, stride, false);
        }

        /** The same by sums of products. */
        Convolution exactly() {
            return new Convolution(batch, side, in, out, kernel, stride, true);
        }

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
            String name = exact ? "direct conv" : "conv";
            return text("%s %dx%d%s, %d to %d, %dx%dx%d", name, kernel, kernel, step, in, out, batch, side, side);
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

    /**
     * What lies between the projections of an attention, {@code softmax(Q K^T / sqrt(dim)) V}: queries, keys and values
     * {@code [N, tokens, heads * dim]}, in this order, to {@code [N, tokens, heads * dim]}.
     *
     * @param heads independent attentions, side by side in a token's channels
     * @param dim channels of a head
     */
    record Attention(int batch, int tokens, int heads, int dim) implements Layer {

        @Override
        public String label() {
            return text("attention, %d heads of %d, %dx%d tokens", heads, dim, batch, tokens);
        }

        @Override
        public int inputs() {
            return 3;
        }

        @Override
        public int[] inputShape() {
            return new int[] {batch, tokens, heads * dim};
        }

        @Override
        public int[] outputShape() {
            return inputShape();
        }

        @Override
        public int[] weightShape() {
            return new int[] {0};
        }

        @Override
        public int bias() {
            return 0;
        }

        /** Those of both products; exponentials are not counted. */
        @Override
        public long multiplyAdds() {
            return 2 * elements(outputShape()) * tokens;
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
