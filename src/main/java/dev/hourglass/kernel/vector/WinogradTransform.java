package dev.hourglass.kernel.vector;

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
 * and the products over all channels and tiles are {@code (m + 2)^2} matrix products. Every map goes over one vector of channels at a
 * time: down the columns into scratch memory, then along the rows. {@code Taps} are the {@code (m + 2)^2} elements of a transformed tile.
 */
abstract sealed class WinogradTransform permits Winograd2, Winograd4 {

    /** Outputs along the side of a tile. */
    final int outputs;

    /** Elements along the side of a transformed tile. */
    final int side;

    WinogradTransform(int outputs) {
        this.outputs = outputs;
        this.side = outputs + 2;
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

    /**
     * {@code B' d B}.
     *
     * @param d address of the patch's corner, {@code side x side} pixels
     * @param rowStep bytes from a patch's row to the next
     * @param columnStep bytes from pixel to pixel
     * @param channels a multiple of the vector's lanes
     * @param out address that the offsets count from
     * @param offsets address of {@code taps} longs: where each tap goes
     * @param scratch address of {@code taps} vectors
     */
    abstract void input(long d, long rowStep, long columnStep, int channels, long out, long offsets, long scratch);

    /**
     * {@code y = A' m A + bias (+ addend)} for one vector of channels.
     *
     * @param m address of the first tap
     * @param tapStep bytes from tap to tap
     * @param bias address of a vector
     * @param y address of the tile's first pixel
     * @param addend address of what is added to the first pixel, 0 for none; same steps as {@code y}
     * @param rows how many of the tile's rows exist
     * @param columns how many of its columns exist
     */
    abstract void output(
            long m,
            long tapStep,
            long bias,
            long y,
            long addend,
            long rowStep,
            long columnStep,
            int rows,
            int columns,
            long scratch);

    /**
     * {@code A dy A'}.
     *
     * @param dy address of the tile's first pixel, {@code outputs x outputs} pixels
     * @param out address of the first tap
     * @param tapStep bytes from tap to tap
     */
    abstract void outputGradient(
            long dy, long rowStep, long columnStep, int channels, long out, long tapStep, long scratch);

    /**
     * {@code G g G'} for one vector of channels.
     *
     * @param g address of the kernel's first element
     * @param step bytes from element to element, row by row
     */
    abstract void weight(long g, long step, long out, long tapStep, long scratch);

    /** {@code dg (+)= G' u G} for one vector of channels. */
    abstract void weightGradient(long u, long tapStep, long dg, long step, boolean accumulate, long scratch);
}
