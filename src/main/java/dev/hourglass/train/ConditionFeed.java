package dev.hourglass.train;

import dev.hourglass.diffusion.Streams;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.kernel.Philox;
import dev.hourglass.memory.Tensor;
import dev.hourglass.unet.Architecture;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Brings the conditions of a batch's images into a model's inputs, and drops classes. Feeding an image allocates nothing. */
final class ConditionFeed {

    private final Tensor[] sources;
    private final Tensor[] targets;
    private final long[] bytes;
    private final double dropClass;
    private final long seed;
    private final int nullClass;
    private Tensor classes;

    /**
     * Checks the conditions against the model and the images.
     *
     * @param inputs a model's input by its name
     * @throws HourglassException when one is missing, unknown, of a wrong shape, not finite, or a label is not in the table
     */
    ConditionFeed(
            Architecture architecture,
            Conditions conditions,
            int images,
            double dropClass,
            long seed,
            Elementwise elementwise,
            Function<String, Tensor> inputs) {
        this.dropClass = dropClass;
        this.seed = seed;
        Map<String, List<Integer>> wanted = architecture.conditions(tokens(architecture, conditions));
        requireNames(architecture, conditions, wanted);
        List<String> names = wanted.keySet().stream()
                .filter(conditions.tensors()::containsKey)
                .toList();
        sources = names.stream().map(conditions.tensors()::get).toArray(Tensor[]::new);
        targets = names.stream().map(inputs).toArray(Tensor[]::new);
        bytes = new long[sources.length];
        for (int k = 0; k < sources.length; k++) {
            requireFit(names.get(k), sources[k], images, wanted.get(names.get(k)), elementwise);
            bytes[k] = sources[k].shape().floatBytes() / images;
            if (names.get(k).equals(Architecture.CLASS_LABELS)) {
                classes = targets[k];
            }
        }
        architecture.optionalConditions().forEach((name, value) -> {
            Tensor input = inputs.apply(name);
            elementwise.fill(input.segment(), value, 0, input.shape().elements());
        });
        nullClass = architecture.classTableRows().orElse(0) - 1;
        requireLabels(architecture, conditions.tensors().get(Architecture.CLASS_LABELS));
    }

    /** How many tokens the texts have: the axis that the architecture leaves open. One where there is none. */
    static int tokens(Architecture architecture, Conditions conditions) {
        Map<String, List<Integer>> two = architecture.conditions(2);
        for (Map.Entry<String, List<Integer>> one : architecture.conditions(1).entrySet()) {
            List<Integer> axes = one.getValue();
            Tensor tensor = conditions.tensors().get(one.getKey());
            for (int axis = 0; tensor != null && axis < axes.size(); axis++) {
                boolean open = !axes.get(axis).equals(two.get(one.getKey()).get(axis));
                if (open && tensor.shape().rank() == axes.size() + 1) {
                    return tensor.shape().dim(axis + 1);
                }
            }
        }
        return 1;
    }

    private static void requireNames(
            Architecture architecture, Conditions conditions, Map<String, List<Integer>> wanted) {
        TreeSet<String> missing = new TreeSet<>(wanted.keySet());
        missing.removeAll(architecture.optionalConditions().keySet());
        missing.removeAll(conditions.tensors().keySet());
        if (!missing.isEmpty()) {
            throw HourglassException.what("the model is told more than images")
                    .where(architecture.className())
                    .expected(String.join(", ", missing) + " for each image")
                    .found(
                            conditions.tensors().isEmpty()
                                    ? "images alone"
                                    : String.join(", ", conditions.tensors().keySet()))
                    .mend("give labels with the images, or tensors of these names in a file")
                    .build();
        }
        TreeSet<String> unknown = new TreeSet<>(conditions.tensors().keySet());
        unknown.removeAll(wanted.keySet());
        if (!unknown.isEmpty()) {
            throw HourglassException.what("the model has no such input")
                    .where(architecture.className())
                    .expected(wanted.isEmpty() ? "images alone" : String.join(", ", wanted.keySet()))
                    .found(String.join(", ", unknown))
                    .mend("leave the tensor out, or name it as diffusers does")
                    .build();
        }
    }

    private static void requireFit(
            String name, Tensor tensor, int images, List<Integer> axes, Elementwise elementwise) {
        int[] expected = IntStream.concat(IntStream.of(images), axes.stream().mapToInt(Integer::intValue))
                .toArray();
        if (!Arrays.equals(expected, tensor.shape().toArray())) {
            throw HourglassException.what("a condition does not fit the model and the images")
                    .where(name)
                    .expected(Arrays.toString(expected) + ", one row for each image")
                    .found(tensor.shape())
                    .mend("write the file for these images, in their order")
                    .build();
        }
        long at = elementwise.firstNonFinite(tensor.segment(), 0, tensor.shape().elements());
        if (at >= 0) {
            throw HourglassException.what("a value is not finite")
                    .where(name + ", image " + at / (tensor.shape().elements() / images))
                    .expected("finite numbers")
                    .found(tensor.get(at))
                    .mend("check where the conditions come from")
                    .build();
        }
    }

    private void requireLabels(Architecture architecture, Tensor labels) {
        if (architecture.classTableRows().isEmpty()) {
            if (dropClass > 0) {
                throw HourglassException.what("the model has no table of classes to drop any from")
                        .where(architecture.className() + ": num_class_embeds")
                        .expected("a table, whose last row is the null class")
                        .found("num_class_embeds " + architecture.config().get("num_class_embeds")
                                + ", class_embed_type " + architecture.config().get("class_embed_type"))
                        .mend("set num_class_embeds to the classes and one, without class_embed_type; or drop none")
                        .build();
            }
            return;
        }
        int most = dropClass > 0 ? nullClass - 1 : nullClass;
        for (int image = 0; image < labels.shape().dim(0); image++) {
            float label = labels.get(image);
            if (!(label >= 0 && label <= most) || label != (int) label) {
                throw HourglassException.what("a label is not in the model's table")
                        .where("num_class_embeds " + (nullClass + 1) + ", image " + image)
                        .expected("a whole number from 0 to " + most
                                + (dropClass > 0 ? ", as the last row is the null class" : ""))
                        .found(label)
                        .mend("raise num_class_embeds, or correct the labels")
                        .build();
            }
        }
    }

    /** Fills a slot of the batch of training step {@code step} with what belongs to an image. */
    void feed(long step, int slot, int image) {
        for (int k = 0; k < sources.length; k++) {
            MemorySegment.copy(sources[k].segment(), image * bytes[k], targets[k].segment(), slot * bytes[k], bytes[k]);
        }
        if (dropClass > 0 && Philox.uniform(seed, Streams.trainingClassDrop(step), slot) < dropClass) {
            classes.segment().setAtIndex(ValueLayout.JAVA_FLOAT, slot, nullClass);
        }
    }
}
