package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class PipelineFolderTest {

    private static final String STABLE_DIFFUSION = """
            {
              "_class_name": "StableDiffusionPipeline",
              "_diffusers_version": "0.6.0",
              "_name_or_path": ["a", "b"],
              "feature_extractor": [null, null],
              "requires_safety_checker": true,
              "mean": [0.5, 0.5],
              "scheduler": ["diffusers", "PNDMScheduler"],
              "text_encoder": ["transformers", "CLIPTextModel"],
              "unet": ["diffusers", "UNet2DConditionModel"],
              "vae": ["diffusers", "AutoencoderKL"]
            }
            """;

    @TempDir
    Path folder;

    private Path index;

    @BeforeEach
    void nameTheIndex() {
        index = folder.resolve("model_index.json");
    }

    @Test
    void saysWhichPartsThereAreAndWhere() throws IOException {
        assertFalse(PipelineFolder.isPipeline(folder));
        Files.writeString(index, STABLE_DIFFUSION);
        assertTrue(PipelineFolder.isPipeline(folder));
        for (String part : List.of("scheduler", "unet", "vae", "text_encoder")) {
            Files.createDirectory(folder.resolve(part));
        }
        PipelineFolder pipeline = PipelineFolder.open(folder);
        assertEquals(folder, pipeline.path());
        assertEquals("StableDiffusionPipeline", pipeline.className());
        assertEquals(
                List.of("scheduler", "text_encoder", "unet", "vae"),
                List.copyOf(pipeline.parts().keySet()));
        assertEquals(
                new PipelineFolder.Part("diffusers", "UNet2DConditionModel", folder.resolve("unet")),
                pipeline.part(PipelineFolder.UNET));
        assertEquals("PNDMScheduler", pipeline.part(PipelineFolder.SCHEDULER).className());
        assertEquals(folder.resolve("vae"), pipeline.part(PipelineFolder.VAE).folder());
        assertEquals("transformers", pipeline.part("text_encoder").library());
    }

    @Test
    void anOldPipelineHasItsPartsInItsOwnFolder() throws IOException {
        Files.writeString(index, """
                {"_class_name": "DDPMPipeline", "scheduler": ["diffusers", "DDPMScheduler"],
                 "unet": ["diffusers", "UNet2DModel"]}
                """);
        Files.writeString(folder.resolve("config.json"), "{}");
        assertEquals(
                folder, PipelineFolder.open(folder).part(PipelineFolder.UNET).folder());
    }

    @Test
    void aPartThatThePipelineDoesNotHave() throws IOException {
        Files.writeString(
                index, "{\"_class_name\": \"DDPMPipeline\", \"unet\": [\"diffusers\", \"X\"], \"vae\": [null, null]}");
        PipelineFolder pipeline = PipelineFolder.open(folder);
        Problem.expect(
                () -> pipeline.part("vae"), index, "no such part", "\"vae\"", "\"DDPMPipeline\" with [\"unet\"]");
    }

    @Test
    void aPartWhoseFolderIsMissing() throws IOException {
        Files.writeString(index, STABLE_DIFFUSION);
        PipelineFolder pipeline = PipelineFolder.open(folder);
        Problem.expect(
                () -> pipeline.part("unet"),
                folder,
                "missing",
                "a folder \"unet\" with \"UNet2DConditionModel\"",
                "in full");
    }

    @Test
    void noPipelineAtAll() {
        Problem.expect(() -> PipelineFolder.open(folder), index, "no such file", "expected");
        Problem.expect(
                () -> PipelineFolder.open(folder.resolve("x")), folder.resolve("x"), "no such folder", "expected");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"unet\":\"UNet2DModel\"                        | unet",
                "\"unet\":3                                      | unet",
                "\"unet\":[]                                     | unet",
                "\"scheduler\":[\"diffusers\"]                   | scheduler",
                "\"scheduler\":[\"diffusers\",null]              | scheduler",
                "\"scheduler\":[null,\"DDPMScheduler\"]          | scheduler",
                "\"vae\":[\"diffusers\",\"A\",\"B\"]             | vae",
                "\"vae\":[\"diffusers\",1]                       | vae",
                "\"vae\":{\"diffusers\":\"AutoencoderKL\"}       | vae"
            })
    void aPartThatIsNoClass(String entry, String part) throws IOException {
        Files.writeString(index, "{\"_class_name\":\"P\"," + entry + "}");
        Problem.expect(
                () -> PipelineFolder.open(folder), index + ": " + part, "[library, class]", "found", "to mend it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", "../x", "/etc", "", ".", "a/b", "a\\\\b", "c:x", "x\\u0000", ".git"})
    void aPartThatCouldLeadOutOfTheFolder(String name) throws IOException {
        Files.writeString(index, "{\"_class_name\":\"P\",\"" + name + "\":[\"diffusers\",\"UNet2DModel\"]}");
        Problem.expect(() -> PipelineFolder.open(folder), index, "in the same folder", "no folders", "found");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"_class_name\":null}",
                "{\"_class_name\":[\"a\",\"b\"]}",
                "[]",
                "",
                "{\"_class_name\":\"P\",\"unet\":[\"a\",\"b\"],\"unet\":[\"a\",\"c\"]}"
            })
    void anIndexThatIsNone(String content) throws IOException {
        Files.writeString(index, content);
        Problem.expect(() -> PipelineFolder.open(folder), index, "expected", "found", "to mend it");
    }

    @Test
    void aPipelineIsNoModelFolderAndTheErrorSaysSo() throws IOException {
        Files.writeString(index, STABLE_DIFFUSION);
        Problem.expect(() -> ModelFolder.open(folder), folder, "no config.json", "this is a pipeline");
    }
}
