package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON objects as ordered maps of {@link String}, {@link Integer}, {@link Long}, {@link java.math.BigInteger}, {@link
 * Double}, {@link Boolean}, {@link java.util.List}, {@link Map} and {@code null}. Reading is strict: UTF-8 only, every
 * name once, nothing after the object, at most 64 levels deep.
 */
public final class Json {

    /** The longest JSON file that is read, in bytes; a model's configuration has a few thousand. */
    public static final long LONGEST_FILE = 16L << 20;

    private static final int DEEPEST = 64;

    private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .maxStringLength((int) SafetensorsHeader.LONGEST)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** As strict, but for the three words that Python's {@code json} writes for floats that JSON has no numbers for. */
    private static final JsonMapper PYTHON =
            MAPPER.rebuild().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    private static final ObjectWriter PRETTY = MAPPER.writer()
            .with(new DefaultPrettyPrinter(
                            PrettyPrinter.DEFAULT_SEPARATORS.withObjectNameValueSpacing(Separators.Spacing.AFTER))
                    .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                    .withArrayIndenter(new DefaultIndenter("  ", "\n")));

    private Json() {}

    /**
     * Reads a file that holds one JSON object.
     *
     * @throws HourglassException when it is missing, unreadable, longer than {@link #LONGEST_FILE}, or not one JSON
     *     object
     */
    public static Map<String, Object> read(Path file) {
        return read(file, MAPPER);
    }

    /**
     * Reads a file that Python wrote: besides numbers there may be {@code Infinity}, {@code -Infinity} and {@code NaN}.
     *
     * @throws HourglassException as {@link #read} does
     */
    public static Map<String, Object> readPython(Path file) {
        return read(file, PYTHON);
    }

    private static Map<String, Object> read(Path file, JsonMapper mapper) {
        Problems.requireFile(file, "a JSON file");
        try (InputStream in = Files.newInputStream(file)) {
            long bytes = Files.size(file);
            if (bytes > LONGEST_FILE) {
                throw HourglassException.what("the JSON file is too long")
                        .where(file)
                        .expected("at most " + LONGEST_FILE + " bytes")
                        .found(bytes + " bytes")
                        .mend("check that this is the file you meant")
                        .build();
            }
            return parse(file, strictReader(in), mapper);
        } catch (IOException e) {
            throw Problems.unreadable(file, e);
        }
    }

    /**
     * Parses one JSON object.
     *
     * @param where where the text comes from, for the error
     * @throws HourglassException when it is not one JSON object
     */
    public static Map<String, Object> parse(Object where, String text) {
        return parse(where, new StringReader(text), MAPPER);
    }

    /** The same for text that Python wrote, see {@link #readPython}. */
    public static Map<String, Object> parsePython(Object where, String text) {
        return parse(where, new StringReader(text), PYTHON);
    }

    /** Writes an object to a file, atomically, with two spaces of indentation, as diffusers does. */
    public static void write(Path file, Map<String, ?> object) {
        AtomicFiles.write(file, pretty(object));
    }

    /** The object as indented UTF-8, with a line end. */
    public static byte[] pretty(Map<String, ?> object) {
        return serialise(PRETTY, object, "\n");
    }

    /** The object as one line of UTF-8, without spaces. */
    public static byte[] compact(Map<String, ?> object) {
        return serialise(MAPPER.writer(), object, "");
    }

    /** A parser with the same strictness, for headers too large to become a map first. */
    static JsonParser parser(byte[] utf8) {
        return MAPPER.createParser(strictReader(new ByteArrayInputStream(utf8)));
    }

    /** What a parser found wrong, as an error that a person can read. */
    static HourglassException problem(Object where, JacksonException cause) {
        boolean notText = cause.getCause() instanceof CharacterCodingException;
        var place = cause.getLocation();
        String found = notText
                ? "bytes that are not UTF-8"
                : cause.getOriginalMessage()
                        + (place == null
                                ? ""
                                : " (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")");
        return HourglassException.what(notText ? "not UTF-8 text" : "not valid JSON")
                .where(where)
                .expected("one JSON object in UTF-8, every name once, nothing after it")
                .found(found)
                .mend("fetch or write the file again")
                .cause(cause)
                .build();
    }

    private static Map<String, Object> parse(Object where, Reader text, JsonMapper mapper) {
        Map<String, Object> object;
        try {
            object = mapper.readValue(text, OBJECT);
        } catch (JacksonException e) {
            throw problem(where, e);
        }
        if (object == null) {
            throw HourglassException.what("not a JSON object")
                    .where(where)
                    .expected("{...}")
                    .found("null")
                    .build();
        }
        return object;
    }

    // Jackson guesses UTF-16 and UTF-32 from bytes and lets some malformed UTF-8 through; a strict decoder does
    // neither.
    private static Reader strictReader(InputStream in) {
        return new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
    }

    private static byte[] serialise(ObjectWriter writer, Map<String, ?> object, String end) {
        try {
            return (writer.writeValueAsString(object) + end).getBytes(StandardCharsets.UTF_8);
        } catch (JacksonException e) {
            throw HourglassException.what("cannot be written as JSON")
                    .expected("strings, numbers, booleans, null, lists and maps")
                    .found(e.getOriginalMessage())
                    .cause(e)
                    .build();
        }
    }
}
