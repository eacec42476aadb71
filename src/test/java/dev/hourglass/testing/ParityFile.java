package dev.hourglass.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One file of reference data from PyTorch, read from the test resources: a safetensors file whose metadata lists cases, each with
 * attributes and tensors named {@code case.tensor}. It trusts the file, and depends on nothing that it is used to test.
 */
public final class ParityFile {

    private final String name;
    private final JsonNode header;
    private final ByteBuffer data;

    private ParityFile(String name, JsonNode header, ByteBuffer data) {
        this.name = name;
        this.header = header;
        this.data = data;
    }

    /** Reads {@code parity/ops/NAME.safetensors}. */
    public static ParityFile read(String name) {
        String path = "/parity/ops/" + name + ".safetensors";
        try (InputStream in = ParityFile.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalArgumentException("no test resource " + path);
            }
            ByteBuffer all = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            byte[] text = new byte[(int) all.getLong()];
            all.get(text);
            JsonNode header = new JsonMapper().readTree(text);
            return new ParityFile(name, header, all.slice().order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The cases whose attribute {@code key} is {@code value}. */
    public List<Case> casesWith(String key, String value) {
        List<Case> cases = cases();
        cases.removeIf(c -> !c.attributes.path(key).asString("").equals(value));
        return cases;
    }

    /** All cases, in the file's order. */
    public List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        JsonNode list = new JsonMapper()
                .readTree(header.path("__metadata__").path("cases").asString());
        for (JsonNode attributes : list) {
            cases.add(new Case(attributes));
        }
        return cases;
    }

    /** One case: its attributes and its tensors. */
    public final class Case {

        private final JsonNode attributes;

        private Case(JsonNode attributes) {
            this.attributes = attributes;
        }

        /** An attribute, which must be there. */
        public JsonNode get(String key) {
            return attributes.required(key);
        }

        /** Whether the case has an attribute. */
        public boolean has(String key) {
            return attributes.has(key);
        }

        /** The axis lengths of a tensor, as stored. */
        public int[] shape(String tensor) {
            JsonNode shape = entry(tensor).required("shape");
            int[] dims = new int[shape.size()];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = shape.get(i).asInt();
            }
            return dims;
        }

        /** A float32 tensor in the order it is stored in. */
        public float[] floats(String tensor) {
            JsonNode entry = entry(tensor);
            if (!entry.required("dtype").asString().equals("F32")) {
                throw new IllegalArgumentException(this + "." + tensor + " is " + entry.required("dtype"));
            }
            int start = entry.required("data_offsets").get(0).asInt();
            int end = entry.required("data_offsets").get(1).asInt();
            float[] values = new float[(end - start) / Float.BYTES];
            data.slice(start, end - start)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values);
            return values;
        }

        /** A float32 tensor stored as {@code [N, C, H, W]}, as {@code [N, H, W, C]}. */
        public float[] nhwc(String tensor) {
            int[] shape = shape(tensor);
            int n = shape[0];
            int channels = shape[1];
            int pixels = shape[2] * shape[3];
            float[] stored = floats(tensor);
            float[] result = new float[stored.length];
            for (int image = 0; image < n; image++) {
                for (int c = 0; c < channels; c++) {
                    for (int p = 0; p < pixels; p++) {
                        result[(image * pixels + p) * channels + c] = stored[(image * channels + c) * pixels + p];
                    }
                }
            }
            return result;
        }

        private JsonNode entry(String tensor) {
            return header.required(attributes.required("name").asString() + "." + tensor);
        }

        @Override
        public String toString() {
            return name + " " + attributes;
        }
    }
}
