package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.Arithmetic;
import dev.hourglass.ImageSize;
import dev.hourglass.LatentDrawing;
import dev.hourglass.Sampler;
import dev.hourglass.SamplingOptions;
import dev.hourglass.ScheduledDrawing;
import dev.hourglass.StartImage;
import dev.hourglass.UNet;
import dev.hourglass.Vae;
import dev.hourglass.diffusion.Streams;
import dev.hourglass.diffusion.scheduler.SchedulerName;
import dev.hourglass.io.Images;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.DiffusersReference;
import dev.hourglass.unet.Architectures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sample} on folders of pipelines. */
@Tag("once")
class SamplePipelineTest {

    private static final Path VAE = DiffusersReference.folder("vae-sd-style");
    private static final Map<String, Object> SCHEDULER =
            Map.of("_class_name", "DDIMScheduler", "beta_end", 0.01, "clip_sample", false);

    @TempDir
    Path folder;

    private Path png;

    /** A pipeline of a small U-Net on latents, and of an autoencoder with these settings. */
    private Path pipeline(Map<String, Object> vaeSettings) throws IOException {
        Map<String, Object> unet = Map.of(
                "_class_name",
                "UNet2DModel",
                "in_channels",
                4,
                "out_channels",
                4,
                "block_out_channels",
                List.of(8, 8),
                "down_block_types",
                List.of("DownBlock2D", "AttnDownBlock2D"),
                "up_block_types",
                List.of("AttnUpBlock2D", "UpBlock2D"),
                "norm_num_groups",
                4,
                "layers_per_block",
                1);
        Path pipeline = folder.resolve("pipeline");
        png = folder.resolve("picture.png");
        try (UNet model = UNet.create(Architectures.fromConfig(ModelConfig.of("test", unet)), new ImageSize(8, 6), 3)) {
            model.save(pipeline.resolve("unet"));
        }
        write(pipeline.resolve("scheduler/scheduler_config.json"), SCHEDULER);
        Map<String, Object> vae = new HashMap<>(Json.read(VAE.resolve("config.json")));
        vae.putAll(vaeSettings);
        write(pipeline.resolve("vae/config.json"), vae);
        String weights = "diffusion_pytorch_model.safetensors";
        Files.copy(VAE.resolve(weights), pipeline.resolve("vae").resolve(weights));
        write(
                pipeline.resolve("model_index.json"),
                Map.of(
                        "_class_name", "LDMPipeline",
                        "unet", List.of("diffusers", "UNet2DModel"),
                        "scheduler", List.of("diffusers", "DDIMScheduler"),
                        "vae", List.of("diffusers", "AutoencoderKL")));
        return pipeline;
    }

    private static void write(Path file, Map<String, Object> json) throws IOException {
        Files.createDirectories(file.getParent());
        Json.write(file, json);
    }

    @Test
    void latentsBecomePictures() throws IOException {
        Path pipeline = pipeline(Map.of("scaling_factor", 0.5, "shift_factor", 0.25));
        Cli cli = Cli.run("sample", pipeline, "--scheduler", "ddim", "--steps", 3, "--count", 2, "--out", png);
        cli.succeeded().printed("2 images of 16x12");
        Path preview = folder.resolve("picture-2.png");
        assertFalse(Files.exists(preview));
        Cli.run("sample", pipeline, "--scheduler", "ddim", "--steps", 3, "--count", 2, "--out", png, "--previews", 2)
                .succeeded();
        assertEquals(Images.readPng(png).getHeight(), Images.readPng(preview).getHeight());
        assertTrue(cli.err().contains("3/3 steps"), cli.err());

        SamplingOptions options = SamplingOptions.of(SchedulerName.DDIM.from(ModelConfig.of("test", SCHEDULER)), 3);
        float[] pictures = new float[2 * 3 * 16 * 12]; // [2, 3, 16, 12]
        try (UNet model = UNet.open(pipeline);
                Vae vae = Vae.open(pipeline)) {
            float[] latents =
                    ScheduledDrawing.sample(model, options, 2, 2, 0, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
            for (int n = 0; n < 2; n++) {
                float[] one = new float[4 * 48]; // [1, 4, 8, 6]
                for (int k = 0; k < one.length; k++) {
                    one[k] = (float) (latents[n * 4 * 48 + k % 48 * 4 + k / 48] / 0.5 + 0.25);
                }
                System.arraycopy(vae.decode(one, Shape.of(1, 4, 8, 6), 1, false), 0, pictures, n * 576, 576);
            }
        }
        assertArrayEquals(pixels(Pictures.square(channelsLast(pictures), Shape.of(2, 16, 12, 3))), pixels(png));
    }

    /** The latents are a sample of what the picture may stand for; the mask is that of every other pixel. */
    @Test
    void aPictureToStartFromIsEncoded() throws IOException {
        Path pipeline = pipeline(Map.of("scaling_factor", 0.5, "shift_factor", 0.25));
        Path picture = folder.resolve("start.png");
        Path mask = folder.resolve("mask.png");
        BufferedImage colours = new BufferedImage(12, 16, BufferedImage.TYPE_INT_RGB);
        BufferedImage shades = new BufferedImage(12, 16, BufferedImage.TYPE_BYTE_GRAY);
        boolean[] repaint = new boolean[48]; // [8, 6]
        for (int k = 0; k < 192; k++) {
            colours.setRGB(k % 12, k / 12, k * 0x54321);
            boolean white = k % 7 < 3;
            shades.setRGB(k % 12, k / 12, white ? 0xffffff : 0);
            if (k % 2 == 0 && k / 12 % 2 == 0) {
                repaint[k / 24 * 6 + k % 12 / 2] = white;
            }
        }
        Images.writePng(picture, colours);
        Images.writePng(mask, shades);
        Cli.run(
                        "sample",
                        pipeline,
                        "--scheduler",
                        "unipc",
                        "--steps",
                        4,
                        "--count",
                        1,
                        "--seed",
                        5,
                        "--out",
                        png,
                        "--image",
                        picture,
                        "--strength",
                        0.75,
                        "--mask",
                        mask)
                .succeeded();

        try (UNet model = UNet.open(pipeline);
                Vae vae = Vae.open(pipeline);
                Slab slab = Slab.open("test", 1024)) {
            float[] pixels = Images.toFloats(colours, 3);
            float[] turned = new float[576]; // [1, 3, 16, 12]
            for (int k = 0; k < 576; k++) {
                turned[k] = pixels[k % 192 * 3 + k / 192];
            }
            float[] moments = vae.encode(turned, Shape.of(1, 3, 16, 12), 1, false); // [1, 8, 8, 6]
            Tensor noise = slab.tensor(0, Shape.of(8, 6, 4));
            Backend.kernels().randomNormal().fill(noise.segment(), 0, 5, Streams.startLatents(), 0, 192);
            float[] latents = new float[192];
            for (int k = 0; k < 192; k++) {
                int at = k % 4 * 48 + k / 4;
                double deviation = Math.exp(0.5 * moments[192 + at]);
                latents[k] = (float) ((moments[at] + deviation * noise.get(k) - 0.25) * 0.5);
            }
            SamplingOptions options = SamplingOptions.of(SchedulerName.UNIPC.from(ModelConfig.of("test", SCHEDULER)), 4)
                    .withImage(new StartImage(latents, 0.75).repainting(repaint));
            float[] drawn =
                    ScheduledDrawing.sample(model, options, 1, 1, 5, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
            float[] expected = LatentDrawing.pictures(vae, drawn, Shape.of(1, 8, 6, 4), 1, false);
            assertArrayEquals(pixels(Pictures.square(expected, Shape.of(1, 16, 12, 3))), pixels(png));
        }
    }

    private static float[] channelsLast(float[] pictures) {
        float[] turned = new float[pictures.length];
        for (int k = 0; k < turned.length; k++) {
            turned[k] = pictures[k / 576 * 576 + k % 3 * 192 + k % 576 / 3];
        }
        return turned;
    }

    private static int[] pixels(Path file) {
        return pixels(Images.readPng(file));
    }

    private static int[] pixels(BufferedImage picture) {
        return picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
    }

    @Test
    void whatCannotBeDrawnIsRefusedBeforeItIsSampled() throws IOException {
        Path pipeline = pipeline(Map.of("latents_mean", List.of(0, 0, 0, 0)));
        refused(pipeline, "latents_mean", "null");
        refused(pipeline.resolve("unet"), "4 channels", "vae");
    }

    private void refused(Path model, Object... parts) {
        Cli cli = Cli.run("sample", model, "--scheduler", "ddim", "--out", png).refused(parts);
        assertEquals("", cli.out());
        assertFalse(cli.err().contains("sampling"), cli.err());
        assertFalse(Files.exists(png));
    }
}
