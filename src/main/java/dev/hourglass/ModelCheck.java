package dev.hourglass;

import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.RandomNormal;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.train.Conditions;
import dev.hourglass.train.Evaluation;
import dev.hourglass.unet.Architecture;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Three questions that every trained diffusion U-Net must answer well: does the output have the input's shape, at even and odd sizes;
 * does the timestep matter; do the memory wires carry something that the prediction needs.
 */
public final class ModelCheck {

    /** How much the predictions at two far timesteps must differ, relative to their size. */
    public static final double TIMESTEP_MARGIN = 0.01;

    /**
     * How much worse the loss must be without any one wire, as the mean of its rise in each quarter of the timesteps. Deep wires carry
     * what is still to be seen in much noise, where losses are small: the plain mean of the loss would hardly notice them.
     */
    public static final double WIRE_MARGIN = 0.02;

    /** How much worse the loss must be without all wires, measured in the same way. */
    public static final double ALL_WIRES_MARGIN = 0.5;

    /** Images of the test set that the losses are measured on. */
    public static final int IMAGES = 512;

    private static final int BATCH = 64;
    private static final long SEED = 1;
    private static final int EARLY = 10;
    private static final int LATE = 990;

    private final NoiseSchedule schedule = NoiseSchedule.ddpm();
    private final UNet model;
    private final ImageBytes images;
    private final Conditions conditions;
    private final int threads;

    /**
     * One line of the result.
     *
     * @param subject what was looked at
     * @param measured what was seen
     * @param required what it had to be
     * @param passed whether it was
     */
    public record Finding(String subject, String measured, String required, boolean passed) {}

    /**
     * The answers.
     *
     * @param findings line by line
     */
    public record Result(List<Finding> findings) {

        /** Copies the list. */
        public Result {
            findings = List.copyOf(findings);
        }

        /** Whether every check passed. */
        public boolean passed() {
            return findings.stream().allMatch(Finding::passed);
        }

        /** The findings as a table in plain characters. */
        public String table() {
            TextTable table = new TextTable("llll", "Check", "Measured", "Required", "");
            for (Finding f : findings) {
                table.row(f.subject(), f.measured(), f.required(), f.passed() ? "pass" : "FAIL");
            }
            return table.toString();
        }
    }

    private ModelCheck(UNet model, ImageBytes images, Conditions conditions, int threads) {
        this.model = model;
        this.images = images;
        this.conditions = conditions;
        this.threads = threads;
    }

    /**
     * Checks a model.
     *
     * @param images a test set, images that the model was not trained on; the first {@link #IMAGES} are used
     * @param listener told of each finding as it comes
     * @throws HourglassException when the images do not fit the model, or it cannot be told DDPM's thousand timesteps
     */
    public static Result run(UNet model, ImageBytes images, int threads, Consumer<Finding> listener) {
        return run(model, images, Conditions.none(), threads, listener);
    }

    /**
     * The same for models that are told more than images.
     *
     * @param conditions what the model is told about each image while losses are measured; zeros where there are none, as in the other
     *     checks
     * @throws HourglassException when the images or the conditions do not fit the model, or it cannot be told DDPM's thousand timesteps
     */
    public static Result run(
            UNet model, ImageBytes images, Conditions conditions, int threads, Consumer<Finding> listener) {
        ModelCheck check = new ModelCheck(model, images, conditions, threads);
        check.requireFit();
        List<Finding> findings = new ArrayList<>();
        Consumer<Finding> found = finding -> {
            findings.add(finding);
            listener.accept(finding);
        };
        check.shapes(found);
        found.accept(check.timestepDependence());
        check.wires(found);
        return new Result(findings);
    }

    /** How many findings there will be. */
    public static int findings(Architecture architecture) {
        return sizes(architecture).size() + 1 + (architecture.wires() == 0 ? 0 : architecture.wires() + 1);
    }

    private void requireFit() {
        Architecture architecture = model.architecture();
        architecture.requireTimesteps(0, schedule.steps() - 1);
        int smallest = architecture.minimumSize();
        if (images.channels() != architecture.inChannels()
                || images.channels() != architecture.outChannels()
                || images.height() < smallest
                || images.width() < smallest) {
            throw HourglassException.what("the test images do not fit the model")
                    .where(architecture.className())
                    .expected(architecture.inChannels() + " channels, at least " + smallest + "x" + smallest)
                    .found(images.channels() + " channels, " + images.height() + "x" + images.width())
                    .mend("check the model on images like those it was trained on")
                    .build();
        }
    }

    private static List<ImageSize> sizes(Architecture architecture) {
        int smallest = architecture.minimumSize();
        return List.of(
                new ImageSize(Math.max(smallest, 28), Math.max(smallest, 28)),
                new ImageSize(Math.max(smallest, 27), Math.max(smallest, 29)),
                new ImageSize(smallest, smallest),
                new ImageSize(smallest + 23, smallest + 25));
    }

    private void shapes(Consumer<Finding> found) {
        for (ImageSize size : sizes(model.architecture())) {
            List<Shape> measured = new ArrayList<>();
            boolean finite = true;
            for (int batch : new int[] {1, 3}) {
                try (Session session = session(options(batch, size, Set.of()))) {
                    fillWithNoise(session.denoiser().sample());
                    session.denoiser().predict();
                    Tensor output = session.denoiser().prediction();
                    measured.add(channelsFirst(output.shape()));
                    finite &= firstNonFinite(output) < 0;
                }
            }
            List<Shape> required = IntStream.of(1, 3)
                    .mapToObj(batch -> Shape.of(batch, model.architecture().outChannels(), size.height(), size.width()))
                    .toList();
            found.accept(new Finding(
                    "output shape for " + size,
                    join(measured) + (finite ? "" : ", not finite"),
                    join(required),
                    measured.equals(required) && finite));
        }
    }

    private static String join(List<Shape> shapes) {
        return String.join(" ", shapes.stream().map(Shape::toString).toList());
    }

    private Finding timestepDependence() {
        try (Session session = session(options(1, model.sampleSize(), Set.of()))) {
            fillWithNoise(session.denoiser().sample());
            float[] early = predict(session, EARLY);
            float[] late = predict(session, LATE);
            double difference = 0;
            double size = 0;
            for (int k = 0; k < early.length; k++) {
                difference += ((double) early[k] - late[k]) * ((double) early[k] - late[k]);
                size += (double) early[k] * early[k] + (double) late[k] * late[k];
            }
            double relative = Math.sqrt(difference / (size / 2));
            return new Finding(
                    "same x at t = " + EARLY + " and t = " + LATE,
                    String.format(Locale.ROOT, "outputs differ by %.1f%%", 100 * relative),
                    "at least " + percent(TIMESTEP_MARGIN),
                    relative >= TIMESTEP_MARGIN);
        }
    }

    private static float[] predict(Session session, int t) {
        session.denoiser().timesteps().set(0, t);
        session.denoiser().predict();
        return session.denoiser().prediction().toArray();
    }

    private void wires(Consumer<Finding> found) {
        int wires = model.architecture().wires();
        if (wires == 0) {
            return;
        }
        Evaluation intact = evaluate(Set.of());
        Set<Integer> all = new TreeSet<>();
        for (int wire = 1; wire <= wires; wire++) {
            all.add(wire);
            found.accept(wireFinding("memory wire " + wire + " cut", intact, evaluate(Set.of(wire)), WIRE_MARGIN));
        }
        found.accept(wireFinding("all memory wires cut", intact, evaluate(all), ALL_WIRES_MARGIN));
    }

    private static Finding wireFinding(String subject, Evaluation intact, Evaluation cut, double margin) {
        double rise = rise(intact.quarters(), cut.quarters());
        return new Finding(
                subject,
                String.format(
                        Locale.ROOT,
                        "loss %.4f to %.4f, quarters of t %+.1f%%",
                        intact.error(),
                        cut.error(),
                        100 * rise),
                "at least +" + percent(margin),
                rise >= margin);
    }

    /** The mean relative rise over the quarters that had images. */
    private static double rise(List<Double> intact, List<Double> cut) {
        return IntStream.range(0, intact.size())
                .filter(quarter -> !intact.get(quarter).isNaN())
                .mapToDouble(quarter -> cut.get(quarter) / intact.get(quarter) - 1)
                .average()
                .orElse(Double.NaN);
    }

    private Evaluation evaluate(Set<Integer> cut) {
        int count = Math.min(IMAGES, images.count());
        ImageSize size = new ImageSize(images.height(), images.width());
        boolean told = !conditions.tensors().isEmpty();
        SessionOptions options = options(Math.min(BATCH, count), size, cut);
        try (Session session = session(told ? options.withTokens(conditions.tokens(model.architecture())) : options)) {
            Kernels kernels = Backend.kernels();
            Conditions.Feed feed = told
                    ? conditions.into(model.architecture(), images.count(), kernels.elementwise(), session::condition)
                    : Conditions.Feed.NOTHING;
            return Evaluation.measure(session.denoiser(), schedule, images, feed, count, SEED, kernels, done -> {});
        }
    }

    private SessionOptions options(int batch, ImageSize size, Set<Integer> cut) {
        return SessionOptions.of(batch, size.height(), size.width())
                .withThreads(threads)
                .withCutWires(cut);
    }

    private Session session(SessionOptions options) {
        Session session = model.session(options);
        session.conditionsZero();
        return session;
    }

    private static void fillWithNoise(Tensor sample) {
        RandomNormal random = Backend.kernels().randomNormal();
        random.fill(sample.segment(), 0, SEED, 0, 0, sample.shape().elements());
    }

    private static long firstNonFinite(Tensor tensor) {
        return Backend.kernels()
                .elementwise()
                .firstNonFinite(tensor.segment(), 0, tensor.shape().elements());
    }

    private static Shape channelsFirst(Shape shape) {
        return Shape.of(shape.dim(0), shape.dim(3), shape.dim(1), shape.dim(2));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f%%", 100 * share);
    }
}
