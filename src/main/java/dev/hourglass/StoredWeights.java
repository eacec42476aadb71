package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.ParameterLayout;
import dev.hourglass.graph.WeightSource;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.LegacyAttention;
import dev.hourglass.io.TensorDiff;
import dev.hourglass.io.Tensors;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model's weights in its files, read block by block: no tensor is ever on the heap as a whole. */
final class StoredWeights implements WeightSource {

    /** 1 MiB: few calls, and it stays in cache while its elements are brought into memory order. */
    private static final int BLOCK_FLOATS = 1 << 18;

    private final Tensors tensors;
    private float[] block = new float[BLOCK_FLOATS];

    private StoredWeights(Tensors tensors) {
        this.tensors = tensors;
    }

    /**
     * The weights, checked but not loaded; the caller closes them, which closes the files.
     *
     * @param stored left open where this throws
     * @throws HourglassException when the stored tensors are not the model's, or a value is not finite
     */
    static Weights open(List<Parameter> parameters, Tensors stored) {
        Map<String, Shape> expected = new LinkedHashMap<>();
        parameters.forEach(parameter -> expected.put(parameter.name(), parameter.fileShape()));
        Tensors tensors = LegacyAttention.view(stored, expected);
        TensorDiff.require(expected, tensors);
        StoredWeights source = new StoredWeights(tensors);
        parameters.forEach(source::requireFinite);
        return Weights.stored("weights", parameters, source);
    }

    @Override
    public void read(Parameter parameter, MemorySegment target) {
        if (parameter.layout() instanceof ParameterLayout.Plain) {
            tensors.copyFloats(parameter.name(), target);
            return;
        }
        int rows = parameter.fileShape().dim(0);
        int row = Math.toIntExact(parameter.elements() / rows);
        int together = parameter.layout().rowsSideBySide(parameter.fileShape());
        int most = Math.max(1, BLOCK_FLOATS / row);
        int count;
        for (int first = 0; first < rows; first += count) {
            count = Math.min(most, together - first % together);
            readBlock(parameter, (long) first * row, count * row);
            scatter(parameter, first, count, row, target);
        }
    }

    /** Puts rows of the file, which are the last axis in memory, to their places: runs of {@code count} elements. */
    private void scatter(Parameter parameter, int first, int count, int row, MemorySegment target) {
        for (int k = 0; k < row; k++) {
            long at = parameter.layout().memoryIndex(parameter.fileShape(), (long) first * row + k);
            for (int r = 0; r < count; r++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT, at + r, block[r * row + k]);
            }
        }
    }

    private void readBlock(Parameter parameter, long first, int count) {
        if (block.length < count) {
            block = new float[count];
        }
        tensors.copyFloats(
                parameter.name(), first, MemorySegment.ofArray(block).asSlice(0, (long) count * Float.BYTES));
    }

    private void requireFinite(Parameter parameter) {
        for (long first = 0; first < parameter.elements(); first += BLOCK_FLOATS) {
            int count = Math.toIntExact(Math.min(BLOCK_FLOATS, parameter.elements() - first));
            readBlock(parameter, first, count);
            for (int k = 0; k < count; k++) {
                if (!Float.isFinite(block[k])) {
                    throw HourglassException.what("a weight is not finite")
                            .where(tensors.file(parameter.name()) + ": " + parameter.name())
                            .expected("finite numbers")
                            .found(block[k])
                            .mend("fetch the file again, or train anew")
                            .build();
                }
            }
        }
    }

    @Override
    public void close() {
        tensors.close();
    }
}
