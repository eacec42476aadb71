package dev.hourglass.graph.op;

import dev.hourglass.kernel.Resample;
import dev.hourglass.kernel.Resample.Border;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Half or about twice the size through a smoothing filter, as in score-based models (arXiv 2011.13456; diffusers'
 * {@code FirDownsample2D} and {@code FirUpsample2D} without a convolution) and in latent upscalers ({@code KDownsample2D} and
 * {@code KUpsample2D}, whose border is mirrored); see {@link Resample#fir}.
 *
 * @param height the output's height: half of the input's, or at most twice and one, which is what an odd height halves from
 * @param width the output's width
 * @param halve whether the size is halved
 * @param border what is outside of an image
 */
public record FirResize(int height, int width, boolean halve, Border border) implements Op {

    private static final float HALVE = 1f / 64;
    private static final float TWICE = 1f / 16;

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = Rules.requireImage("filtered resize", inputs.get(0));
        boolean fits = halve
                ? height == x.dim(1) / 2 && width == x.dim(2) / 2
                : height <= 2 * x.dim(1) + 1 && width <= 2 * x.dim(2) + 1;
        String expected = halve ? "half of the size" : "at most twice the size, and one";
        Rules.require(fits, "filtered resize", expected, height + "x" + width + " from " + x);
        boolean mirrors = border == Border.ZEROS || x.dim(1) >= 2 && x.dim(2) >= 2;
        Rules.require(mirrors, "filtered resize", "at least 2x2, to mirror the border", x);
        return Shape.of(x.dim(0), height, width, x.dim(3));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Resample kernel = binding.kernels().resample();
        Shape x = binding.inputShape(0);
        int h = x.dim(1);
        int w = x.dim(2);
        int c = x.dim(3);
        float scale = halve ? HALVE : TWICE;
        Workers.Task forward = (n, worker) ->
                kernel.fir(halve, border, binding.input(0), binding.output(), scale, h, w, height, width, c, n, n + 1);
        Workers.Task backward = (n, worker) -> kernel.firGradient(
                halve,
                border,
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                scale,
                h,
                w,
                height,
                width,
                c,
                n,
                n + 1);
        return new ParallelExecution(binding.workers(), x.dim(0), forward, backward);
    }
}
