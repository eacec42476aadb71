package dev.hourglass.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The safetensors layout in a few lines, to test readers and writers against. It trusts the file, and depends on nothing
 * that it is used to test.
 *
 * @param metadata the strings of the header
 * @param tensors by name, in the order of the header
 * @param headerBytes the length of the header
 */
public record PlainReader(Map<String, String> metadata, Map<String, Stored> tensors, int headerBytes) {

    /** A tensor as it lies in the file. */
    public record Stored(String dtype, List<Integer> shape, ByteBuffer bytes) {

        /** The elements as float32: what the bits of each type mean, spelled out. */
        public float[] floats() {
            float[] values = new float[bytes.remaining() / (dtype.equals("F32") ? 4 : 2)];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (dtype) {
                    case "F32" -> bytes.getFloat(4 * i);
                    case "F16" -> small(bytes.getShort(2 * i), 5, 10);
                    case "BF16" -> small(bytes.getShort(2 * i), 8, 7);
                    default -> throw new IllegalArgumentException(dtype);
                };
            }
            return values;
        }
    }

    /** Reads a whole file. */
    public static PlainReader read(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] json = new byte[(int) all.getLong()];
        all.get(json);
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Stored> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : new JsonMapper().readTree(json).properties()) {
            JsonNode value = field.getValue();
            if (field.getKey().equals("__metadata__")) {
                value.properties()
                        .forEach(each ->
                                metadata.put(each.getKey(), each.getValue().asString()));
            } else {
                List<Integer> shape = new ArrayList<>();
                value.required("shape").forEach(dim -> shape.add(dim.asInt()));
                int begin = value.required("data_offsets").get(0).asInt();
                int end = value.required("data_offsets").get(1).asInt();
                ByteBuffer bytes =
                        all.slice(Long.BYTES + json.length + begin, end - begin).order(ByteOrder.LITTLE_ENDIAN);
                tensors.put(field.getKey(), new Stored(value.required("dtype").asString(), shape, bytes));
            }
        }
        return new PlainReader(metadata, tensors, json.length);
    }

    /** What 16 bits of sign, exponent and fraction stand for, by IEEE 754's definition. */
    static float small(short bits, int exponentBits, int fractionBits) {
        int sign = bits < 0 ? -1 : 1;
        int exponent = (bits & 0x7fff) >> fractionBits;
        int fraction = bits & (1 << fractionBits) - 1;
        int bias = (1 << exponentBits - 1) - 1;
        if (exponent == (1 << exponentBits) - 1) {
            return fraction == 0 ? sign * Float.POSITIVE_INFINITY : Float.NaN;
        }
        boolean subnormal = exponent == 0;
        int significand = subnormal ? fraction : fraction + (1 << fractionBits);
        return sign * Math.scalb((float) significand, (subnormal ? 1 : exponent) - bias - fractionBits);
    }
}
