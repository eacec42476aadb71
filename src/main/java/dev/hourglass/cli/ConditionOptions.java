package dev.hourglass.cli;

import dev.hourglass.UNet;
import java.util.List;
import java.util.OptionalInt;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** Options of drawing with models that listen. */
final class ConditionOptions {

    @Option(names = "--class", paramLabel = "K", description = "The class to draw, for models of classes.")
    private Integer label;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description = "How strongly the class counts (${DEFAULT-VALUE}); above 1 the model is asked twice a step.")
    private double guidance = 1;

    @Option(
            names = "--null-class",
            paramLabel = "K",
            description = "The class that stands for none (the last one of the model's table).")
    private Integer nullClass;

    /** Throws where an option is given without the one that it belongs to. */
    static void requireBeside(ParseResult given) {
        Common.requireBeside(given, "--class", "--scheduler");
        Common.requireBeside(given, "--guidance", "--class");
        Common.requireBeside(given, "--null-class", "--guidance");
    }

    double guidance() {
        return guidance;
    }

    /** The class of all images; none where the model is told none. */
    List<Integer> classes() {
        return label == null ? List.of() : List.of(label);
    }

    /** The class that stands for none: the last row of a table is what training leaves for it. */
    int nullClass(UNet model) {
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
