package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.memory.Shape;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("once")
class ParameterLayoutTest {

    private static final Map<ParameterLayout, Shape> CASES = Map.of(
            new ParameterLayout.Plain(), Shape.of(5, 3),
            new ParameterLayout.Transposed(), Shape.of(7, 4),
            new ParameterLayout.Convolution(1), Shape.of(6, 4, 3, 2),
            new ParameterLayout.Convolution(3), Shape.of(6, 4, 3, 2));

    @Test
    void bothDirectionsAgree() {
        CASES.forEach((layout, shape) -> {
            for (long k = 0; k < shape.elements(); k++) {
                assertEquals(k, layout.memoryIndex(shape, layout.fileIndex(shape, k)), layout.toString());
            }
        });
    }

    @Test
    void rowsSideBySideAre() {
        CASES.forEach((layout, shape) -> {
            int together = layout.rowsSideBySide(shape);
            long row = shape.elements() / shape.dim(0);
            for (long k = 0; k < shape.elements(); k++) {
                long before = k / row % together;
                assertEquals(
                        layout.memoryIndex(shape, k - before * row) + before,
                        layout.memoryIndex(shape, k),
                        layout.toString());
            }
        });
    }
}
