package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Compares the tensors that a model needs with those that a file holds, and says all differences in one error. */
public final class TensorDiff {

    private static final int SHOWN = 10;

    private TensorDiff() {}

    /**
     * Throws the error of {@link #between} where there is one.
     *
     * @throws HourglassException when the tensors differ
     */
    public static void require(Map<String, Shape> expected, Safetensors file) {
        between(expected, file).ifPresent(problem -> {
            throw problem;
        });
    }

    /**
     * An error that lists missing, unwanted and wrongly shaped tensors, at most ten of each; empty when names and
     * shapes agree.
     *
     * @param expected the shape of every tensor the model needs, by name
     */
    public static Optional<HourglassException> between(Map<String, Shape> expected, Safetensors file) {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        expected.forEach((name, shape) -> {
            if (!file.contains(name)) {
                missing.add(name + " " + shape);
            } else if (!Arrays.equals(dims(shape), file.entry(name).dims())) {
                misshapen.add(name + " is " + Arrays.toString(file.entry(name).dims()) + ", the model needs " + shape);
            }
        });
        List<String> extra = file.entries().stream()
                .filter(entry -> !expected.containsKey(entry.name()))
                .map(TensorEntry::toString)
                .toList();
        if (missing.isEmpty() && misshapen.isEmpty() && extra.isEmpty()) {
            return Optional.empty();
        }
        List<String> found = new ArrayList<>();
        describe(found, "missing", missing);
        describe(found, "of another shape", misshapen);
        describe(found, "that the model does not have", extra);
        return Optional.of(HourglassException.what("the weights do not belong to this model")
                .where(file.file())
                .expected(expected.size() + " tensors with the model's names and shapes")
                .found(String.join("; ", found))
                .mend("use the weights that were saved with this configuration")
                .build());
    }

    private static void describe(List<String> parts, String kind, List<String> tensors) {
        if (tensors.isEmpty()) {
            return;
        }
        List<String> shown = tensors.subList(0, Math.min(SHOWN, tensors.size()));
        String rest = tensors.size() > SHOWN ? " and " + (tensors.size() - SHOWN) + " more" : "";
        parts.add(tensors.size() + " " + kind + ": " + String.join(", ", shown) + rest);
    }

    private static long[] dims(Shape shape) {
        return LongStream.range(0, shape.rank())
                .map(axis -> shape.dim((int) axis))
                .toArray();
    }
}
