package dev.hourglass.graph;

import dev.hourglass.memory.Shape;

/**
 * A learned tensor.
 *
 * @param name its path, as in PyTorch's state dict: {@code d1.conv1.weight}
 * @param fileShape its shape in files, which is PyTorch's: {@code [O, I, kH, kW]}, {@code [O, I]} or {@code [C]}
 * @param layout how memory differs from the file
 * @param init the values that training starts from
 * @param offset its first float in the flat vector of all parameters
 * @param trained whether training changes it
 */
public record Parameter(String name, Shape fileShape, ParameterLayout layout, Init init, long offset, boolean trained) {

    /**
     * Values to start from.
     *
     * @param constant every element's value when {@code bound} is 0
     * @param bound elements are uniform between {@code -bound} and {@code bound} otherwise
     */
    public record Init(float constant, double bound) {

        /** Every element the same. */
        public static Init constant(float value) {
            return new Init(value, 0);
        }

        /**
         * PyTorch's default for convolutions and linear layers, weight and bias: uniform within {@code 1 / sqrt(fanIn)}, which is
         * {@code kaiming_uniform_(a = sqrt(5))} (arXiv 1502.01852).
         *
         * @param fanIn inputs that one output is a sum of
         */
        public static Init uniform(int fanIn) {
            return new Init(0, 1 / Math.sqrt(fanIn));
        }

        /** Uniform with a given standard deviation, where PyTorch draws normal numbers of that deviation. */
        public static Init deviation(double deviation) {
            return new Init(0, deviation * Math.sqrt(3));
        }
    }

    /** The number of elements. */
    public long elements() {
        return fileShape.elements();
    }
}
