package dev.hourglass.cli;

import dev.hourglass.ModelCheck;
import dev.hourglass.UNet;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.train.Conditions;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass check}. */
@Command(
        name = "check",
        description = "Checks that shapes are right, that timesteps matter, and that every memory wire is needed.",
        footer = {"", "Exit code 1 when a check fails."})
final class CheckCommand implements Callable<Integer> {

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Parameters(paramLabel = "MODEL_DIR", description = "A model folder.")
    private Path folder;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Test images: IDX files (t10k) or pictures, for models of classes with their labels as for train; the bundled"
                            + " MNIST by default.")
    private Path data;

    @Option(
            names = "--conditions",
            paramLabel = "FILE",
            description = "What the model is told about each image beside its class, as for train; zeros by default.")
    private Path conditions;

    @Override
    public Integer call() {
        int threads = common.threads();
        Terminal terminal = hourglass.terminal();
        try (UNet model = UNet.open(folder);
                Conditions told = conditions == null ? Conditions.none() : Conditions.read(conditions);
                ImageBytes images = TrainCommand.images(
                        model.architecture(), data == null ? BundledMnist.folder() : data, "t10k", told)) {
            ModelCheck.Result result = check(terminal, model, images, told, threads);
            terminal.out().print(result.table());
            return result.passed() ? 0 : Hourglass.CHECK_FAILED;
        }
    }

    /** Checks with a progress bar. */
    static ModelCheck.Result check(Terminal terminal, UNet model, ImageBytes images, Conditions told, int threads) {
        int findings = ModelCheck.findings(model.architecture());
        try (Progress progress = terminal.progress("checks", "checks", findings)) {
            int[] done = {0};
            return ModelCheck.run(model, images, told, threads, finding -> progress.at(++done[0]));
        }
    }
}
