package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.io.ModelFolder;
import dev.hourglass.io.PipelineFolder;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.ChannelOrder;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.AutoencoderKL;
import dev.hourglass.unet.LatentScale;
import java.nio.file.Path;

/** The autoencoder of latent diffusion with its weights: pictures to latents and back. Images are {@code [N, C, H, W]} here. */
public final class Vae implements AutoCloseable {

    private static final String PICTURES = "pictures";
    static final String LATENTS = "latents";
    static final String OUTPUT = "output";

    private final AutoencoderKL architecture;
    private final ModelConfig config;
    private final Weights weights;

    private Vae(AutoencoderKL architecture, ModelConfig config, Weights weights) {
        this.architecture = architecture;
        this.config = config;
        this.weights = weights;
    }

    /**
     * Opens a folder of an {@code AutoencoderKL}, or the {@code vae} of a pipeline's folder.
     *
     * @throws HourglassException when a file is missing or damaged, the class is another, or the tensors are not the model's
     */
    public static Vae open(Path folder) {
        ModelFolder files = ModelFolder.open(PipelineFolder.partOrSelf(folder, PipelineFolder.VAE));
        try {
            AutoencoderKL architecture = AutoencoderKL.fromConfig(files.config());
            int scale = architecture.scale();
            Graph graph = graph(architecture, Shape.of(1, scale, scale, architecture.inChannels()), true);
            return new Vae(architecture, files.config(), StoredWeights.open(graph.parameters(), files.weights()));
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    /** Both halves, so that all programs have all parameters; only one leads to the output. */
    private static Graph graph(AutoencoderKL architecture, Shape input, boolean encode) {
        Graph graph = new Graph();
        int scale = architecture.scale();
        Shape least = encode
                ? Shape.of(1, 1, 1, architecture.latentChannels())
                : Shape.of(1, scale, scale, architecture.inChannels());
        Value pictures = graph.input(PICTURES, encode ? input : least);
        Value latents = graph.input(LATENTS, encode ? least : input);
        Value moments = architecture.encode(Scope.of(graph), pictures);
        Value decoded = architecture.decode(Scope.of(graph), latents);
        graph.output(OUTPUT, encode ? moments : decoded);
        return graph;
    }

    /** The settings. */
    public AutoencoderKL architecture() {
        return architecture;
    }

    /**
     * How latents of diffusion are scaled.
     *
     * @throws HourglassException when the configuration has a scale that is not supported
     */
    public LatentScale latentScale() {
        return LatentScale.fromConfig(config);
    }

    /** The decoder for latents {@code [N, h, w, C]}, from {@link #LATENTS} to {@link #OUTPUT}; who asks closes it. */
    Program decoder(Shape latents, Workers workers, boolean exact) {
        return Program.forInference(graph(architecture, latents, false), weights, Backend.kernels(exact), workers);
    }

    /** The shape of the moments of pictures {@code [N, C, H, W]}. */
    public Shape momentsShape(Shape pictures) {
        int scale = architecture.scale();
        return Shape.of(
                pictures.dim(0), 2 * architecture.latentChannels(), pictures.dim(2) / scale, pictures.dim(3) / scale);
    }

    /** The shape of the pictures of latents {@code [N, C, h, w]}. */
    public Shape picturesShape(Shape latents) {
        int scale = architecture.scale();
        return Shape.of(latents.dim(0), architecture.outChannels(), scale * latents.dim(2), scale * latents.dim(3));
    }

    /**
     * Pictures to moments of latents: means, then logarithms of variances.
     *
     * @param pictures values in [-1, 1]
     * @param shape {@code [N, C, H, W]}, sides at least {@link AutoencoderKL#scale}
     * @param exact see {@link Arithmetic#exact}
     */
    public float[] encode(float[] pictures, Shape shape, int threads, boolean exact) {
        int scale = architecture.scale();
        require(shape, architecture.inChannels(), scale, pictures.length);
        return run(pictures, shape, PICTURES, threads, exact);
    }

    /**
     * Latents to pictures. Latents of diffusion are divided by the configuration's scaling factor first.
     *
     * @param shape {@code [N, C, h, w]}
     * @param exact see {@link Arithmetic#exact}
     */
    public float[] decode(float[] latents, Shape shape, int threads, boolean exact) {
        require(shape, architecture.latentChannels(), 1, latents.length);
        return run(latents, shape, LATENTS, threads, exact);
    }

    private static void require(Shape shape, int channels, int least, int length) {
        boolean fits = shape.rank() == 4
                && shape.dim(1) == channels
                && shape.dim(2) >= least
                && shape.dim(3) >= least
                && shape.elements() == length;
        if (!fits) {
            throw HourglassException.what("the images do not fit the autoencoder")
                    .expected("[N, " + channels + ", H, W] with sides of at least " + least)
                    .found(shape + " of " + length + " values")
                    .build();
        }
    }

    private float[] run(float[] values, Shape shape, String input, int threads, boolean exact) {
        Shape inside = Shape.of(shape.dim(0), shape.dim(2), shape.dim(3), shape.dim(1));
        Graph graph = graph(architecture, inside, input.equals(PICTURES));
        try (Workers workers = new Workers(threads);
                Program program = Program.forInference(graph, weights, Backend.kernels(exact), workers)) {
            Tensor output = program.output(OUTPUT);
            long staged = Math.max(shape.floatBytes(), output.shape().floatBytes());
            try (Slab slab = Slab.open("images at the public face", staged)) {
                Tensor in = slab.tensor(0, shape).copyFrom(values);
                ChannelOrder.channelsLast(in.segment(), program.input(input).segment(), inside);
                program.forward();
                Tensor out = slab.tensor(0, output.shape());
                ChannelOrder.channelsFirst(output.segment(), out.segment(), output.shape());
                return out.toArray();
            }
        }
    }

    /** Gives the weights' memory back. Closing twice is harmless. */
    @Override
    public void close() {
        weights.close();
    }
}
