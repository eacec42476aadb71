package dev.hourglass;

import dev.hourglass.diffusion.Resampling;
import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.util.Arrays;

/** A picture, or its latents, that drawing starts from instead of pure noise (arXiv 2108.01073), and how much of it may change. */
public final class StartImage {

    private final float[] pixels;
    private final double strength;
    private final boolean[] repaint; // or null for all pixels
    private final Resampling resampling;

    /**
     * Keeps its own copy of the pixels.
     *
     * @param pixels {@code [H, W, C]} in [-1, 1], of the model's size
     * @param strength the share of the steps that are taken: above 0, where the picture stays, up to 1, where hardly anything of it
     *     does, and nothing of what is drawn anew where there is a mask
     */
    public StartImage(float[] pixels, double strength) {
        this(pixels, strength, null, Resampling.NONE);
    }

    private StartImage(float[] pixels, double strength, boolean[] repaint, Resampling resampling) {
        if (!(strength > 0 && strength <= 1)) {
            throw HourglassException.what("there is no such strength")
                    .where("strength")
                    .expected("a number above 0 and up to 1")
                    .found(strength)
                    .build();
        }
        this.pixels = Arrays.copyOf(pixels, pixels.length);
        this.strength = strength;
        this.repaint = repaint;
        this.resampling = resampling;
    }

    /**
     * The same with only some pixels to be drawn anew; the others are exactly the picture's in the end.
     *
     * @param repaint which ones, {@code [H, W]}
     * @throws HourglassException when they are not as many as the picture has
     */
    public StartImage repainting(boolean[] repaint) {
        if (repaint.length < 1 || pixels.length % repaint.length != 0) {
            throw HourglassException.what("the mask is not of the picture's size")
                    .expected("as many pixels as the picture, of " + pixels.length + " numbers")
                    .found(repaint.length)
                    .build();
        }
        return new StartImage(pixels, strength, repaint.clone(), resampling);
    }

    /** The same with steps that are taken several times, so that what is drawn anew comes to fit the rest. */
    public StartImage resampling(Resampling resampling) {
        return new StartImage(pixels, strength, repaint, resampling);
    }

    /** The same for another picture with another mask, or null for all pixels. */
    StartImage with(float[] pixels, boolean[] repaint) {
        return new StartImage(pixels, strength, repaint, resampling);
    }

    /** Throws unless picture and mask are of the size of images {@code [N, H, W, C]}. */
    void requireFit(Shape shape) {
        long wanted = shape.elements() / shape.dim(0);
        if (pixels.length != wanted || repaint != null && repaint.length != wanted / shape.dim(3)) {
            throw HourglassException.what("the picture to start from is not of the model's size")
                    .expected(wanted + " numbers, " + shape.dim(1) + "x" + shape.dim(2) + " with " + shape.dim(3)
                            + " channels")
                    .found(pixels.length)
                    .build();
        }
    }

    /** A copy of the mask, or null for all pixels. */
    boolean[] repaint() {
        return repaint == null ? null : repaint.clone();
    }

    /** How often steps are taken. */
    Resampling resampling() {
        return resampling;
    }

    /** A copy of the pixels. */
    float[] pixels() {
        return pixels.clone();
    }

    /**
     * How many steps are left out, as diffusers' {@code get_timesteps} has it.
     *
     * @throws HourglassException when none is left
     */
    int skipped(int steps) {
        int taken = Math.min((int) (steps * strength), steps);
        if (taken < 1) {
            throw HourglassException.what("the strength leaves no step to take")
                    .where("strength")
                    .expected("at least 1/" + steps + " for " + steps + " steps")
                    .found(strength)
                    .mend("take more steps, or a larger strength")
                    .build();
        }
        return steps - taken;
    }
}
