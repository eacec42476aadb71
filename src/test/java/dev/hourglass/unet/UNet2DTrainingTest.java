package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.LearningRate;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model trained here, on its way to diffusers. */
class UNet2DTrainingTest {

    private static final int STEPS = 50;

    private static Architecture architecture() {
        return Architectures.fromConfig(ModelConfig.of(
                "test",
                Map.of(
                        "_class_name",
                        "UNet2DModel",
                        "in_channels",
                        1,
                        "out_channels",
                        1,
                        "block_out_channels",
                        List.of(8, 16),
                        "down_block_types",
                        List.of("DownBlock2D", "AttnDownBlock2D"),
                        "up_block_types",
                        List.of("AttnUpBlock2D", "UpBlock2D"),
                        "layers_per_block",
                        1,
                        "norm_num_groups",
                        4)));
    }

    @Test
    void aTrainedModelIsReadBackAndHasWhatDiffusersExpects(@TempDir Path folder) throws IOException {
        try (UNet model = UNet.create(architecture(), new ImageSize(8, 8), 1);
                ImageBytes images = stripes();
                Workers workers = new Workers(2);
                Trainer trainer = model.trainer(images, options(), workers)) {
            double early = 0;
            double late = 0;
            for (int step = 0; step < STEPS; step++) {
                float loss = trainer.step();
                early += step < 10 ? loss / 10 : 0;
                late += step >= STEPS - 10 ? loss / 10 : 0;
            }
            assertTrue(late < 0.8 * early, early + " to " + late);
            model.save(folder);
            try (UNet read = UNet.open(folder)) {
                for (Parameter parameter : model.weights().parameters()) {
                    assertArrayEquals(
                            model.weights().fileOrder(parameter),
                            read.weights().fileOrder(parameter),
                            parameter.name());
                }
            }
        }
        String config = Files.readString(folder.resolve("config.json")).replaceAll("\\s", "");
        requireContains(config, "\"_class_name\":\"UNet2DModel\"");
        requireContains(config, "\"block_out_channels\":[8,16]");
        requireContains(config, "\"sample_size\":[8,8]");
        String header = header(folder.resolve("diffusion_pytorch_model.safetensors"));
        requireContains(header, "\"format\":\"pt\"");
        requireTensor(header, "conv_in.weight", "[8,1,3,3]");
        requireTensor(header, "time_embedding.linear_2.weight", "[32,32]");
        requireTensor(header, "down_blocks.0.downsamplers.0.conv.weight", "[8,8,3,3]");
        requireTensor(header, "down_blocks.1.attentions.0.to_out.0.weight", "[16,16]");
        requireTensor(header, "mid_block.resnets.1.time_emb_proj.bias", "[16]");
        requireTensor(header, "up_blocks.0.resnets.1.conv_shortcut.weight", "[16,24,1,1]");
        requireTensor(header, "conv_norm_out.bias", "[8]");
    }

    /** The layout of safetensors, read without our own reader: eight bytes of length, then JSON. */
    private static String header(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return new String(bytes, Long.BYTES, length, StandardCharsets.UTF_8).replaceAll("\\s", "");
    }

    private static void requireTensor(String header, String name, String shape) {
        int at = header.indexOf("\"" + name + "\":{");
        assertTrue(at >= 0, name);
        String entry = header.substring(at, header.indexOf('}', at));
        requireContains(entry, "\"dtype\":\"F32\"");
        requireContains(entry, "\"shape\":" + shape);
    }

    private static void requireContains(String text, String part) {
        assertTrue(text.contains(part), () -> part + " in " + text);
    }

    private static TrainingOptions options() {
        return new TrainingOptions(8, STEPS, new LearningRate.Constant(3e-3), AdamW.Settings.DEFAULT, 0, 1);
    }

    /** Images of one kind, so that there is something to learn. */
    private static ImageBytes stripes() {
        ImageBytes images = ImageBytes.open(16, 8, 8, 1);
        MemorySegment pixels = images.pixels();
        for (long k = 0; k < pixels.byteSize(); k++) {
            pixels.set(ValueLayout.JAVA_BYTE, k, (byte) (k % 2 == 0 ? 255 : 0));
        }
        return images;
    }
}
