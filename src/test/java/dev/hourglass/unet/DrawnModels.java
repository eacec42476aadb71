package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.Graph;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.train.TrainingStep;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Settings drawn at random, and what holds for all of them. */
final class DrawnModels {

    private DrawnModels() {}

    @SafeVarargs
    static <T> T one(Random random, T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    static <T> List<T> repeat(int times, Supplier<T> draw) {
        return Stream.generate(draw).limit(times).toList();
    }

    /** One value for all levels, or one for each. */
    static Object perLevel(Random random, int levels, Supplier<?> draw) {
        return random.nextBoolean() ? draw.get() : repeat(levels, draw);
    }

    /** Computing activations again changes no bit of a model's loss and gradients. */
    static void requireSameBitsRecomputed(
            Map<String, Object> config, Shape images, int tokens, BiConsumer<String, Tensor> fill) {
        Architecture architecture = Architectures.fromConfig(ModelConfig.of("drawn", config));
        Graph graph = TrainingStep.graph(architecture, images.dim(0), images.dim(1), images.dim(2), tokens);
        Recomputation.requireSameBits(graph, fill);
    }

    /**
     * A model keeps the images' shape, and its loss follows its gradient.
     *
     * @param fill fills an input by its name
     */
    static void requireShapeAndSlope(
            Map<String, Object> config, Shape images, int tokens, BiConsumer<String, Tensor> fill) {
        Architecture architecture = Architectures.fromConfig(ModelConfig.of("drawn", config));
        int count = images.dim(0);
        int height = images.dim(1);
        int width = images.dim(2);
        assertEquals(
                Shape.of(count, height, width, architecture.outChannels()),
                architecture
                        .build(new Graph(), count, height, width, tokens, Set.of())
                        .shape());
        Slope.requireFollowsGradient(TrainingStep.graph(architecture, count, height, width, tokens), fill);
    }
}
