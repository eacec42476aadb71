package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.unet.Architecture;
import java.util.List;

/** The graphs of models. */
final class Models {

    static final String OUTPUT = "output";

    private Models() {}

    /** The architecture's inputs, output {@code output [N, H, W, C]}. */
    static Graph inferenceGraph(Architecture architecture, SessionOptions options) {
        requireSize(architecture, options);
        Graph graph = new Graph();
        graph.output(
                OUTPUT,
                architecture.build(
                        graph,
                        options.batch(),
                        options.height(),
                        options.width(),
                        options.tokens(),
                        options.cutWires()));
        return graph;
    }

    static void requireSize(Architecture architecture, SessionOptions options) {
        int smallest = architecture.minimumSize();
        if (options.height() < smallest || options.width() < smallest) {
            throw HourglassException.what("the image is too small for the model")
                    .where(architecture.className())
                    .expected("height and width of at least " + smallest)
                    .found(options.height() + "x" + options.width())
                    .mend("use larger images, or pad them")
                    .build();
        }
    }

    /** The parameters, which do not depend on batch or size. */
    static List<Parameter> parameters(Architecture architecture) {
        int size = architecture.minimumSize();
        return inferenceGraph(architecture, SessionOptions.of(1, size, size)).parameters();
    }
}
