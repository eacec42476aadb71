package dev.hourglass.graph;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Weights that would not be finite any more, once they are rounded, are an error: a network would answer with NaN. */
final class WeightRange {

    private WeightRange() {}

    /**
     * Checks one parameter that is going to be rounded.
     *
     * @param values float32
     * @throws HourglassException when one of them is beyond the largest number of a format of 16 bits
     */
    static void require(WeightFormat format, Parameter parameter, MemorySegment values) {
        if (format == WeightFormat.FLOAT32) {
            return;
        }
        for (long k = 0; k < parameter.elements(); k++) {
            float value = values.getAtIndex(ValueLayout.JAVA_FLOAT, k);
            if (!Float.isFinite(format.round(value))) {
                throw HourglassException.what("a weight is too large for the format that weights are packed in")
                        .where(parameter.name())
                        .expected("what rounds to a finite " + format.key())
                        .found(value)
                        .mend(
                                format == WeightFormat.FLOAT16
                                        ? "pack weights as bfloat16, or leave them in float32"
                                        : "leave weights in float32")
                        .build();
            }
        }
    }
}
