package dev.hourglass.cli;

import dev.hourglass.ImageSize;
import dev.hourglass.TrainingRun;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.ImageData;
import dev.hourglass.io.Json;
import dev.hourglass.io.LabelledImages;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.Checkpoint;
import dev.hourglass.train.Conditions;
import dev.hourglass.train.LearningRate;
import dev.hourglass.train.LossHistory;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass train}. */
@Command(name = "train", description = "Trains a model on images of your own, with AdamW at a constant rate.")
final class TrainCommand implements Callable<Integer> {

    /** Steps whose mean loss a progress bar shows. */
    private static final int RECENT = 50;

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Mixin
    private Precision precision;

    @Option(names = "--arch", paramLabel = "NAME", description = "The architecture (${DEFAULT-VALUE}).")
    private String architecture = Architectures.TINY;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "The architecture as a config.json says it, such as diffusers' for a UNet2DModel or a UNet2DConditionModel.")
    private Path config;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description =
                    "IDX files as MNIST's (train-images-idx3-ubyte, plain or .gz), or PNG pictures of one size; for models of"
                            + " classes with train-labels-idx1-ubyte, or a sub-folder of pictures for each class.")
    private Path data;

    @Option(
            names = "--conditions",
            paramLabel = "FILE",
            description =
                    "What a model is told about each image beside its class: a safetensors file of tensors [images, ..] by"
                            + " diffusers' names, such as encoder_hidden_states, in the order of the images.")
    private Path conditions;

    @Option(
            names = "--drop-class",
            paramLabel = "P",
            description =
                    "How often an image goes without its class, for guidance: the null class is the last of num_class_embeds"
                            + " (${DEFAULT-VALUE}).")
    private double dropClass;

    @Option(names = "--out", required = true, paramLabel = "MODEL_DIR", description = "The model folder to write.")
    private Path out;

    @Option(names = "--epochs", paramLabel = "N", description = "How often each image is seen; once without --steps.")
    private Integer epochs;

    @Option(names = "--steps", paramLabel = "N", description = "Steps in all; with --epochs, whichever is fewer.")
    private Long steps;

    @Option(names = "--batch", paramLabel = "N", description = "Images of a step (${DEFAULT-VALUE}).")
    private int batch = 128;

    @Option(names = "--lr", paramLabel = "R", description = "The learning rate (${DEFAULT-VALUE}).")
    private double rate = 1e-3;

    @Option(
            names = "--ema",
            paramLabel = "D",
            description = "Save averaged weights: the decay of the average, such as 0.999. None by default.")
    private double emaDecay;

    @Option(
            names = "--recompute",
            description =
                    "Less memory and more time for the same weights: computes activations again in the backward pass"
                            + " instead of keeping them (activation checkpointing). inspect shows how much it saves.")
    private boolean recompute;

    @Option(names = "--seed", paramLabel = "S", description = "Decides everything that is random (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--resume", description = "Go on with the run that was begun in MODEL_DIR.")
    private boolean resume;

    @Override
    public Integer call() {
        requireOptions();
        int threads = common.threads();
        Architecture family = config == null
                ? Architectures.named(architecture)
                : Architectures.fromConfig(ModelConfig.of(config, Json.read(config)));
        requireNoOtherRun();
        try (Conditions told = conditions == null ? Conditions.none() : Conditions.read(conditions);
                ImageBytes images = images(family, data, "train", told);
                Workers workers = new Workers(threads);
                UNet model = UNet.create(family, new ImageSize(images.height(), images.width()), seed);
                Trainer trainer = model.trainer(images, told, options(images), workers)) {
            if (resume) {
                Checkpoint.resume(out, trainer);
            }
            if (trainer.steps() >= trainer.options().steps()) {
                hourglass.terminal().say("nothing to do: the run has taken its steps; give more --steps or --epochs");
            }
            train(hourglass.terminal(), model, trainer, out, new LossHistory());
            hourglass.terminal().say("%,d steps, model in %s", trainer.steps(), out);
        }
        return 0;
    }

    /** The images; their labels join what the model is told, where it asks for one number for each image and the file has none. */
    static ImageBytes images(Architecture family, Path data, String split, Conditions told) {
        List<Integer> axes = family.conditions(1).get(Architecture.CLASS_LABELS);
        if (axes == null || !axes.isEmpty() || told.tensors().containsKey(Architecture.CLASS_LABELS)) {
            return ImageData.open(data, split);
        }
        LabelledImages labelled = ImageData.openLabelled(data, split);
        told.with(Architecture.CLASS_LABELS, labelled.labels());
        return labelled.images();
    }

    private void requireOptions() {
        Common.requireAtLeast("--epochs", 1, epochs == null ? 1 : epochs);
        Common.requireAtLeast("--steps", 1, steps == null ? 1 : steps);
        Common.requireAtLeast("--batch", 1, batch);
        Common.require("--lr", rate > 0 && rate < Double.POSITIVE_INFINITY, "a number above 0", rate);
        Common.require("--ema", emaDecay >= 0 && emaDecay < 1, "at least 0 and below 1", emaDecay);
        Common.require("--drop-class", dropClass >= 0 && dropClass < 1, "at least 0 and below 1", dropClass);
    }

    private void requireNoOtherRun() {
        if (!resume && Checkpoint.exists(out)) {
            throw HourglassException.what("there is a training run in this folder already")
                    .where(out)
                    .expected("a folder without one, or --resume")
                    .found(Checkpoint.FILE)
                    .mend("go on with --resume, or name another folder")
                    .build();
        }
    }

    private TrainingOptions options(ImageBytes images) {
        long epochSteps = Math.max(1, images.count() / batch);
        long byEpochs = epochs == null && steps != null ? Long.MAX_VALUE : epochSteps * (epochs == null ? 1 : epochs);
        long total = steps == null ? byEpochs : Math.min(steps, byEpochs);
        return new TrainingOptions(
                        batch, total, new LearningRate.Constant(rate), AdamW.Settings.DEFAULT, emaDecay, seed)
                .withExact(precision.exact())
                .withDropClass(dropClass)
                .withRecompute(recompute);
    }

    /** Trains with a progress bar. */
    static void train(Terminal terminal, UNet model, Trainer trainer, Path folder, LossHistory history) {
        try (Progress progress =
                terminal.progress("training", "steps", trainer.options().steps())) {
            progress.startAt(trainer.steps());
            TrainingRun.run(model, trainer, folder, (step, loss) -> {
                history.add(loss);
                progress.at(step, String.format(Locale.ROOT, "loss %.4f", history.recent(RECENT)));
            });
        }
    }
}
