package dev.hourglass.cli;

import dev.hourglass.ImageSize;
import dev.hourglass.ModelSummary;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass inspect}. */
@Command(name = "inspect", description = "Shows a model's levels and wires, its layers, and the memory it needs.")
final class InspectCommand implements Callable<Integer> {

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Parameters(
            paramLabel = "MODEL_DIR|" + Architectures.TINY,
            description = "A model folder, or the name of a built-in architecture.")
    private String model;

    @Option(names = "--size", paramLabel = "HxW", description = "Height and width; the model's own by default.")
    private String size;

    @Option(names = "--batch", paramLabel = "N", description = "Images at a time (${DEFAULT-VALUE}).")
    private int batch = 1;

    @Override
    public Integer call() {
        if (Architectures.isName(model)) {
            Architecture named = Architectures.named(model);
            show(named, new ImageSize(named.usualSize(), named.usualSize()));
        } else {
            try (UNet opened = UNet.open(Path.of(model))) {
                show(opened.architecture(), opened.sampleSize());
            }
        }
        return 0;
    }

    private void show(Architecture architecture, ImageSize own) {
        ImageSize shown = size == null ? own : ImageSize.parse(size);
        SessionOptions options =
                SessionOptions.of(batch, shown.height(), shown.width()).withThreads(common.threads());
        ModelSummary summary = new ModelSummary(architecture, options);
        Terminal terminal = hourglass.terminal();
        terminal.out().println(summary.title());
        terminal.out().println();
        terminal.out().println(summary.drawing());
        terminal.out().println(summary.layers());
        terminal.out().print(summary.memory());
    }
}
