package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Compares the tensors that a model needs with those that its files hold, and says all differences in one error. */
public final class TensorDiff {

    private TensorDiff() {}

    /**
     * Throws the error of {@link #between} where there is one.
     *
     * @throws HourglassException when the tensors differ
     */
    public static void require(Map<String, Shape> expected, Tensors tensors) {
        between(expected, tensors).ifPresent(problem -> {
            throw problem;
        });
    }

    /**
     * An error that lists missing, unwanted and wrongly shaped tensors, at most ten of each; empty when names and
     * shapes agree.
     *
     * @param expected the shape of every tensor the model needs, by name
     */
    public static Optional<HourglassException> between(Map<String, Shape> expected, Tensors tensors) {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        expected.forEach((name, shape) -> {
            if (!tensors.contains(name)) {
                missing.add(name + " " + shape);
            } else if (!Arrays.equals(dims(shape), tensors.entry(name).dims())) {
                misshapen.add(
                        name + " is " + Arrays.toString(tensors.entry(name).dims()) + ", the model needs " + shape);
            }
        });
        List<String> extra = tensors.entries().stream()
                .filter(entry -> !expected.containsKey(entry.name()))
                .map(TensorEntry::toString)
                .toList();
        if (missing.isEmpty() && misshapen.isEmpty() && extra.isEmpty()) {
            return Optional.empty();
        }
        List<String> found = new ArrayList<>();
        Problems.describe(found, "missing", missing);
        Problems.describe(found, "of another shape", misshapen);
        Problems.describe(found, "that the model does not have", extra);
        return Optional.of(HourglassException.what("the weights do not belong to this model")
                .where(tensors.file())
                .expected(expected.size() + " tensors with the model's names and shapes")
                .found(String.join("; ", found))
                .mend("use the weights that were saved with this configuration")
                .build());
    }

    private static long[] dims(Shape shape) {
        return LongStream.range(0, shape.rank())
                .map(axis -> shape.dim((int) axis))
                .toArray();
    }
}
