package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.Arithmetic;
import dev.hourglass.ImageSize;
import dev.hourglass.Sampler;
import dev.hourglass.SamplingOptions;
import dev.hourglass.ScheduledDrawing;
import dev.hourglass.UNet;
import dev.hourglass.Vae;
import dev.hourglass.diffusion.scheduler.SchedulerName;
import dev.hourglass.io.Images;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.memory.Shape;
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
        assertTrue(cli.err().contains("3/3 steps"), cli.err());

        SamplingOptions options =
                new SamplingOptions(SchedulerName.DDIM.from(ModelConfig.of("test", SCHEDULER)), 3, 1, List.of(), 0);
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
