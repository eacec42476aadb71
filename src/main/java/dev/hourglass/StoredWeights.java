package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.LegacyAttention;
import dev.hourglass.io.TensorDiff;
import dev.hourglass.io.Tensors;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a model's weights out of its files. */
final class StoredWeights {

    private StoredWeights() {}

    /**
     * The weights, one tensor at a time; the caller closes them.
     *
     * @throws HourglassException when the stored tensors are not the model's, or a value is not finite
     */
    static Weights open(List<Parameter> parameters, Tensors stored) {
        Map<String, Shape> expected = new LinkedHashMap<>();
        parameters.forEach(parameter -> expected.put(parameter.name(), parameter.fileShape()));
        Tensors tensors = LegacyAttention.view(stored, expected);
        TensorDiff.require(expected, tensors);
        Weights weights = Weights.open("weights", parameters);
        try {
            for (Parameter parameter : parameters) {
                weights.setFileOrder(parameter, tensors.floats(parameter.name()));
                requireFinite(weights.tensor(parameter), parameter, tensors);
            }
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
        return weights;
    }

    private static void requireFinite(Tensor tensor, Parameter parameter, Tensors tensors) {
        long at = Backend.kernels().elementwise().firstNonFinite(tensor.segment(), 0, parameter.elements());
        if (at >= 0) {
            throw HourglassException.what("a weight is not finite")
                    .where(tensors.file(parameter.name()) + ": " + parameter.name())
                    .expected("finite numbers")
                    .found(tensor.get(at))
                    .mend("fetch the file again, or train anew")
                    .build();
        }
    }
}
