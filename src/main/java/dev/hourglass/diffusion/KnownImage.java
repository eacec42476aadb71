package dev.hourglass.diffusion;

import dev.hourglass.memory.Tensor;

/** An image that all images of a batch start from, or keep a part of. */
final class KnownImage {

    private final Tensor pixels; // [H, W, C]
    private final boolean[] repaint; // [H, W], or null for all pixels

    KnownImage(Tensor pixels, boolean[] repaint) {
        this.pixels = pixels;
        this.repaint = repaint == null ? null : repaint.clone();
    }

    /** Whether a part is kept. */
    boolean keepsSome() {
        return repaint != null;
    }

    /** All images {@code [N, H, W, C]} become this one with noise of their own. */
    void begin(Tensor images, double clean, Tensor noise, double noisy) {
        put(images, (float) clean, noise, (float) noisy, true);
    }

    /** Pixels that are not drawn anew become this one's, with noise. */
    void putBack(Tensor images, double clean, Tensor noise, double noisy) {
        put(images, (float) clean, noise, (float) noisy, false);
    }

    private void put(Tensor images, float clean, Tensor noise, float noisy, boolean all) {
        int channels = images.shape().dim(3);
        long each = pixels.shape().elements();
        long elements = images.shape().elements();
        for (long k = 0; k < elements; k++) {
            long inImage = k % each;
            if (all || !repaint[(int) (inImage / channels)]) {
                float value = clean * pixels.get(inImage);
                images.set(k, noisy == 0 ? value : value + noisy * noise.get(k));
            }
        }
    }
}
