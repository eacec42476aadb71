package dev.hourglass.io;

import dev.hourglass.memory.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Attention blocks as early versions of diffusers wrote them, and as many published models still hold them: {@code query},
 * {@code key}, {@code value} and {@code proj_attn} for what is now {@code to_q}, {@code to_k}, {@code to_v} and {@code
 * to_out.0}. Weights may also have the form of convolutions with a kernel of one pixel, {@code [out, in, 1, 1]} or {@code
 * [out, in, 1]}. Follows {@code _fix_state_dict_keys_on_load} and {@code conv_attn_to_linear} in diffusers.
 */
public final class LegacyAttention {

    private static final Map<String, String> OLD_NAMES =
            Map.of(".to_q", ".query", ".to_k", ".key", ".to_v", ".value", ".to_out.0", ".proj_attn");

    private LegacyAttention() {}

    /**
     * The same tensors under the names and with the shapes that a model expects, where an old name or a kernel of one pixel
     * is all that they differ in. Where a tensor is there under its present name, one under the old name stays what it is.
     *
     * @param expected the shape of every tensor the model needs, by name
     * @return {@code stored} itself where there is nothing old, else a view of it, readable until {@code stored} is closed
     */
    public static Tensors view(Tensors stored, Map<String, Shape> expected) {
        Map<String, TensorEntry> changed = new HashMap<>();
        Map<String, String> storedNames = new HashMap<>();
        expected.forEach((name, shape) -> oldName(name).ifPresent(old -> {
            String storedName = stored.contains(name) ? name : old;
            if (stored.contains(storedName)) {
                TensorEntry entry = stored.entry(storedName);
                changed.put(storedName, entry.as(name, withoutKernel(entry.dims(), shape)));
                storedNames.put(name, storedName);
            }
        }));
        Map<String, TensorEntry> entries = new LinkedHashMap<>();
        for (TensorEntry entry : stored.entries()) {
            TensorEntry seen = changed.getOrDefault(entry.name(), entry);
            entries.put(seen.name(), seen);
        }
        boolean nothingOld = stored.entries().equals(new ArrayList<>(entries.values()));
        return nothingOld ? stored : new RenamedTensors(stored, entries, storedNames);
    }

    /** The old name of a weight or bias of a projection; empty for all other tensors. */
    private static Optional<String> oldName(String name) {
        int dot = name.lastIndexOf('.');
        String layer = name.substring(0, Math.max(0, dot));
        String kind = name.substring(layer.length());
        if (!kind.equals(".weight") && !kind.equals(".bias")) {
            return Optional.empty();
        }
        return OLD_NAMES.keySet().stream()
                .filter(layer::endsWith)
                .map(now -> layer.substring(0, layer.length() - now.length()) + OLD_NAMES.get(now) + kind)
                .findFirst();
    }

    /** The axes without those of a kernel of one pixel, where that makes a matrix the expected one; else as they are. */
    private static long[] withoutKernel(long[] dims, Shape expected) {
        boolean kernel = expected.rank() == 2
                && dims.length > 2
                && LongStream.of(dims).skip(2).allMatch(dim -> dim == 1);
        return kernel ? Arrays.copyOf(dims, 2) : dims;
    }
}
