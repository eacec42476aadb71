package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The JSON header of a safetensors file, read token by token (a tree of a hostile header would take many times its
 * size) and held to the rules of the reference implementation: every tensor lies inside the data, is exactly as long as
 * its shape says, and the tensors together cover the data without overlap or hole.
 */
final class SafetensorsHeader {

    /** The longest header that is read, as in the reference implementation. */
    static final long LONGEST = 100_000_000;

    static final String METADATA = "__metadata__";

    private static final int MOST_AXES = 32;

    private final Path file;
    private final long dataBytes;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, TensorEntry> entries = new LinkedHashMap<>();

    private SafetensorsHeader(Path file, long dataBytes) {
        this.file = file;
        this.dataBytes = dataBytes;
    }

    /**
     * Reads and checks a header.
     *
     * @param dataBytes how many bytes the file holds after the header
     */
    static SafetensorsHeader parse(Path file, byte[] json, long dataBytes) {
        SafetensorsHeader header = new SafetensorsHeader(file, dataBytes);
        try (JsonParser parser = Json.parser(json)) {
            header.readAll(parser);
        } catch (JacksonException e) {
            throw Json.problem(file + ": header", e);
        }
        header.requireTiling();
        return header;
    }

    /** The {@code __metadata__}, in file order; empty where there is none. */
    Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** The tensors by name, in the order of the header. */
    Map<String, TensorEntry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    private void readAll(JsonParser parser) {
        requireToken(parser.nextToken(), JsonToken.START_OBJECT, file + ": header", "a JSON object");
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            if (name.equals(METADATA)) {
                readMetadata(parser);
            } else {
                entries.put(name, readEntry(parser, name));
            }
        }
        JsonToken after = parser.nextToken();
        if (after != null) {
            throw malformed(file + ": header", "nothing but spaces after the JSON object", after);
        }
    }

    private void readMetadata(JsonParser parser) {
        String where = file + ": " + METADATA;
        requireToken(parser.currentToken(), JsonToken.START_OBJECT, where, "an object of strings");
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            requireToken(parser.nextToken(), JsonToken.VALUE_STRING, where + "." + Problems.quote(key), "a string");
            metadata.put(key, parser.getString());
        }
    }

    private TensorEntry readEntry(JsonParser parser, String name) {
        String where = file + ": tensor " + Problems.quote(name);
        requireToken(parser.currentToken(), JsonToken.START_OBJECT, where, "{dtype, shape, data_offsets}");
        StoredType type = null;
        long[] dims = null;
        long[] offsets = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (field) {
                case "dtype" -> type = readType(parser, value, where);
                case "shape" -> dims = readLongs(parser, where + ": shape");
                case "data_offsets" -> offsets = readLongs(parser, where + ": data_offsets");
                default -> parser.skipChildren();
            }
        }
        requireField(type, where, "dtype");
        requireField(dims, where, "shape");
        requireField(offsets, where, "data_offsets");
        return checked(where, name, type, dims, offsets);
    }

    private static StoredType readType(JsonParser parser, JsonToken value, String where) {
        requireToken(value, JsonToken.VALUE_STRING, where + ": dtype", "a string");
        String name = parser.getString();
        for (StoredType type : StoredType.values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        throw HourglassException.what("unknown element type")
                .where(where + ": dtype")
                .expected("one of " + Arrays.toString(StoredType.values()))
                .found(Problems.quote(name))
                .mend("save the model as float32, float16 or bfloat16")
                .build();
    }

    private static long[] readLongs(JsonParser parser, String where) {
        requireToken(parser.currentToken(), JsonToken.START_ARRAY, where, "a list of whole numbers");
        long[] values = new long[MOST_AXES];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            requireToken(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, where, "whole numbers");
            boolean fits = parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
            if (!fits || parser.getLongValue() < 0) {
                throw HourglassException.what("a number is out of range")
                        .where(where)
                        .expected("0 to " + Long.MAX_VALUE)
                        .found(Problems.quote(parser.getString()))
                        .mend("fetch or export the file again")
                        .build();
            }
            if (count == MOST_AXES) {
                throw malformed(where, "at most " + MOST_AXES + " numbers", "more");
            }
            values[count++] = parser.getLongValue();
        }
        return Arrays.copyOf(values, count);
    }

    private TensorEntry checked(String where, String name, StoredType type, long[] dims, long[] offsets) {
        if (offsets.length != 2) {
            throw malformed(where + ": data_offsets", "two numbers, begin and end", Arrays.toString(offsets));
        }
        if (offsets[0] > offsets[1] || offsets[1] > dataBytes) {
            throw HourglassException.what("the tensor lies outside the file")
                    .where(where)
                    .expected("0 <= begin <= end <= " + dataBytes + ", the bytes after the header")
                    .found(Arrays.toString(offsets))
                    .mend("the file was cut short or damaged: fetch it again")
                    .build();
        }
        long bytes = sizeOf(type, dims);
        if (bytes != offsets[1] - offsets[0]) {
            throw HourglassException.what("shape and bytes of the tensor disagree")
                    .where(where)
                    .expected((bytes < 0 ? "more bytes than can be counted" : bytes + " bytes") + " for " + type + " "
                            + Arrays.toString(dims))
                    .found((offsets[1] - offsets[0]) + " bytes at " + Arrays.toString(offsets))
                    .mend("the file is damaged: fetch or export it again")
                    .build();
        }
        return new TensorEntry(name, type, dims, offsets[0], offsets[1]);
    }

    /**
     * The bytes of a tensor, or -1 when a long cannot hold them. As in the reference, an empty axis does not excuse
     * overflow.
     */
    private static long sizeOf(StoredType type, long[] dims) {
        try {
            long bytes = type.bytes();
            for (long dim : dims) {
                bytes = Math.multiplyExact(bytes, dim);
            }
            return bytes;
        } catch (ArithmeticException e) {
            return -1;
        }
    }

    private void requireTiling() {
        List<TensorEntry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
        long position = 0;
        for (TensorEntry entry : inOrder) {
            if (entry.begin() != position) {
                throw HourglassException.what(
                                entry.begin() < position ? "two tensors overlap" : "bytes that belong to no tensor")
                        .where(file + ": tensor " + Problems.quote(entry.name()))
                        .expected("its data to begin at " + position + ", where the one before it ends")
                        .found("begin " + entry.begin())
                        .mend("the file is damaged: fetch or export it again")
                        .build();
            }
            position = entry.end();
        }
        if (position != dataBytes) {
            throw HourglassException.what("the file is longer than its tensors")
                    .where(file)
                    .expected(position + " bytes after the header")
                    .found(dataBytes)
                    .mend("the file is damaged: fetch or export it again")
                    .build();
        }
    }

    private static void requireField(Object value, String where, String field) {
        if (value == null) {
            throw malformed(where, "dtype, shape and data_offsets", "no " + field);
        }
    }

    private static void requireToken(JsonToken token, JsonToken wanted, String where, String expected) {
        if (token != wanted) {
            throw malformed(where, expected, token);
        }
    }

    private static HourglassException malformed(String where, String expected, Object found) {
        return HourglassException.what("the safetensors header is malformed")
                .where(where)
                .expected(expected)
                .found(found == null ? "nothing" : found)
                .mend("fetch or export the file again")
                .build();
    }
}
