package dev.hourglass.graph.op;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;

/** Checks that shape rules share. */
final class Rules {

    private Rules() {}

    static Shape requireImage(String op, Shape shape) {
        return requireRank(op, shape, 4, "[N, H, W, C]");
    }

    static Shape requireRank(String op, Shape shape, int rank, String meaning) {
        require(shape.rank() == rank, op, meaning, shape);
        return shape;
    }

    static void require(boolean holds, String op, Object expected, Object found) {
        if (!holds) {
            throw HourglassException.what("the shapes do not fit")
                    .where(op)
                    .expected(expected)
                    .found(found)
                    .build();
        }
    }
}
