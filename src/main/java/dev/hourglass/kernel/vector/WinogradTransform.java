package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * The linear maps of Winograd's convolution F(m x m, 3 x 3) (Lavin and Gray, arXiv 1509.09308): a tile of {@code m x m} outputs of a 3x3
 * kernel takes {@code (m + 2)^2} multiplications for each pair of channels instead of {@code 9 m^2}. With {@code d} a patch of the input,
 * {@code g} the kernel and {@code *} the product element by element,
 *
 * <pre>
 * y  = A' [(G g G') * (B' d B)] A
 * dg = G' [(B' d B) * (A dy A')] G
 * </pre>
 *
 * and the products over all channels and tiles are {@code (m + 2)^2} matrix products, one for each element of a transformed tile, called
 * a tap here. Each method but {@link #weight} is one matrix along one axis; a transform is one pass down the columns and one along the
 * rows.
 *
 * <p>Common parameters: {@code in} is the address of the first vector, {@code inAxis} the bytes from one element to the next along the
 * axis, {@code inStep} the bytes from one vector to the next of {@code count} that are done side by side; likewise for {@code out}.
 * Where there is a number of {@code vectors}, each of the {@code count} is so many vectors that adjoin, and the inner loop goes along
 * the longer of the two. Loops run to an address because they are short, and C2 wraps a counted loop in two more that cost as much as
 * a few rounds.
 */
abstract sealed class WinogradTransform permits Winograd2, Winograd4 {

    /** Bytes of the vectors of one kernel. */
    static final long KERNEL_BYTES = 9L * BYTES;

    /** Outputs along the side of a tile: {@code m}. */
    final int outputs;

    /** Elements along the side of a transformed tile: {@code m + 2}. */
    final int side;

    WinogradTransform(int outputs) {
        this.outputs = outputs;
        this.side = outputs + 2;
    }

    /** The transform with so many outputs along the side of a tile. */
    static WinogradTransform of(int outputs) {
        return outputs == 2 ? new Winograd2() : new Winograd4();
    }

    /** Elements of a transformed tile. */
    final int taps() {
        return side * side;
    }

    /** Tiles that the height of one output image takes. */
    final int tilesDown(Conv2dGeometry g) {
        return (g.oh() + outputs - 1) / outputs;
    }

    /** Tiles that the width of one output image takes. */
    final int tilesAcross(Conv2dGeometry g) {
        return (g.ow() + outputs - 1) / outputs;
    }

    /** Tiles of the whole batch. */
    final int tiles(Conv2dGeometry g) {
        return g.n() * tilesDown(g) * tilesAcross(g);
    }

    /** How many tiles from one on lie side by side in one image, at most {@code most}. */
    final int run(Conv2dGeometry g, int tile, int most) {
        return Math.min(tilesAcross(g) - tile % tilesAcross(g), most);
    }

    /** The image of a tile. */
    final int image(Conv2dGeometry g, int tile) {
        return tile / tilesAcross(g) / tilesDown(g);
    }

    /** The row of its first output. */
    final int top(Conv2dGeometry g, int tile) {
        return tile / tilesAcross(g) % tilesDown(g) * outputs;
    }

    /** The column of its first output. */
    final int left(Conv2dGeometry g, int tile) {
        return tile % tilesAcross(g) * outputs;
    }

    /** {@code B'}: {@code side} elements of a patch to as many of its transform. */
    abstract void input(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count);

    /** {@link #input} for vectors of several tiles. */
    final void input(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count, int vectors) {
        if (count > vectors) {
            for (int v = 0; v < vectors; v++) {
                input(in + (long) v * BYTES, inAxis, inStep, out + (long) v * BYTES, outAxis, outStep, count);
            }
        } else {
            for (int k = 0; k < count; k++) {
                input(in + k * inStep, inAxis, BYTES, out + k * outStep, outAxis, BYTES, vectors);
            }
        }
    }

    /**
     * {@link #input} for vectors that adjoin, where elements before {@code first} and from {@code last} on are outside of the image.
     * Written out beside it, because an address for each element takes a fifth longer than one and constant steps.
     *
     * @param zeros address of so many vectors of zeros, which stand for what is outside
     */
    abstract void inputEdge(long in, long inAxis, int first, int last, long zeros, long out, long outAxis, int vectors);

    /** {@code A'}: {@code side} elements of products to {@code outputs} outputs. */
    abstract void output(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count);

    /**
     * {@code A}: {@code outputs} elements of the output's gradient to {@code side} of its transform. Elements from {@code last} on are
     * outside of the image.
     *
     * @param zeros address of zeros that stand for what is outside, as many as {@code count} steps reach over
     */
    abstract void outputGradient(
            long in, long inAxis, int last, long zeros, long inStep, long out, long outAxis, long outStep, int count);

    /** {@link #outputGradient} for vectors of several tiles that are inside. */
    final void outputGradient(
            long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count, int vectors) {
        if (count > vectors) {
            for (int v = 0; v < vectors; v++) {
                long from = in + (long) v * BYTES;
                outputGradient(from, inAxis, outputs, 0, inStep, out + (long) v * BYTES, outAxis, outStep, count);
            }
        } else {
            for (int k = 0; k < count; k++) {
                long from = in + k * inStep;
                outputGradient(from, inAxis, outputs, 0, BYTES, out + k * outStep, outAxis, BYTES, vectors);
            }
        }
    }

    /** The address of an element along the axis, or of zeros. */
    static long element(long in, long axis, int index, int first, int last, long zeros) {
        return index >= first && index < last ? in + index * axis : zeros;
    }

    /** How many rows of taps {@link #weight} makes together: points but the first and the last come in pairs of opposite sign. */
    final int weightRows(int row) {
        return row == 0 || row == side - 1 ? 1 : 2;
    }

    /**
     * {@code G g G'}, {@link #weightRows} rows of it: taps {@code [rows, side]} of {@code count} vectors.
     *
     * @param row the first row
     * @param in address of kernels {@code [count, 9]} of vectors, dense
     * @param out address of the first tap's first vector; vectors of a tap adjoin
     * @param outRow bytes from row to row
     * @param outTap bytes from tap to tap
     */
    abstract void weight(int row, long in, long out, long outRow, long outTap, int count);

    /** {@code G'}: {@code side} elements of the transformed kernel's gradient to 3 of the kernel's. */
    abstract void weightGradient(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count);

    /**
     * {@link #output} for the last pass: adds a bias and writes only the rows that exist.
     *
     * @param bias address of {@code vectors} vectors
     * @param rows how many of the outputs exist
     */
    abstract void finish(
            long in,
            long inAxis,
            long inStep,
            long bias,
            long out,
            long outAxis,
            long outStep,
            int count,
            int vectors,
            int rows);

    /**
     * {@link #finish} with something added.
     *
     * @param addend address of what is added to the first output; steps like {@code out}, and may be {@code out}
     */
    abstract void finishAdded(
            long in,
            long inAxis,
            long inStep,
            long bias,
            long addend,
            long out,
            long outAxis,
            long outStep,
            int count,
            int vectors,
            int rows);
}
