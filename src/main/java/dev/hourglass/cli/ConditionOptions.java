package dev.hourglass.cli;

import dev.hourglass.Prompt;
import dev.hourglass.UNet;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** Options of drawing with models that listen. */
final class ConditionOptions {

    @Option(
            names = "--conditions",
            paramLabel = "FILE.safetensors",
            description =
                    "What the model is told, by diffusers' names, such as `encoder_hidden_states` [N, tokens, width]; a row for"
                            + " each image, over and over. For --guidance also `negative_encoder_hidden_states` and the like.")
    private Path conditions;

    @Option(names = "--class", paramLabel = "K", description = "The class to draw, for models of classes.")
    private Integer label;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description =
                    "How strongly class or conditions count (${DEFAULT-VALUE}); above 1 the model is asked twice a step.")
    private double guidance = 1;

    @Option(
            names = "--null-class",
            paramLabel = "K",
            description = "The class that stands for none (the last one of the model's table).")
    private Integer nullClass;

    /** Throws where an option is given without the one that it belongs to. */
    void requireBeside(ParseResult given) {
        Common.requireBeside(given, "--class", "--scheduler");
        Common.requireBeside(given, "--conditions", "--scheduler");
        Common.require("--conditions", conditions == null || label == null, "no --class beside it", label);
        Common.requireBeside(given, "--guidance", "--class", "--conditions");
        Common.requireBeside(given, "--null-class", "--class");
    }

    double guidance() {
        return guidance;
    }

    /** What the model is told; who asks closes it. */
    Prompt open(UNet model) {
        if (conditions != null) {
            return Prompt.read(conditions);
        }
        return label == null ? Prompt.none() : Prompt.classes(List.of(label), nullClass(model));
    }

    /** The last row of a table is what training leaves for no class. */
    private int nullClass(UNet model) {
        if (nullClass != null) {
            return nullClass;
        }
        OptionalInt rows = model.architecture().classTableRows();
        Common.require(
                "--guidance",
                guidance <= 1 || rows.isPresent(),
                "--null-class beside it, as the model has no table of classes",
                guidance);
        return rows.orElse(1) - 1;
    }
}
