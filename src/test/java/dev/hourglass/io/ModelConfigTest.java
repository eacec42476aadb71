package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

@Tag("once")
class ModelConfigTest {

    private static ModelConfig config(String fields) {
        return ModelConfig.of("config.json", Json.parse("config.json", "{\"_class_name\":\"X\"," + fields + "}"));
    }

    @Test
    void getsEveryType() {
        ModelConfig config = config("\"s\":\"silu\",\"i\":3,\"d\":1e-5,\"b\":true,\"is\":[1,2],\"ds\":[1,0.5],"
                + "\"ss\":[\"a\"],\"bs\":[false],\"none\":null");
        assertEquals("X", config.className());
        assertEquals("silu", config.string("s"));
        assertEquals(3, config.integer("i"));
        assertEquals(1e-5, config.number("d"));
        assertEquals(3.0, config.number("i"));
        assertTrue(config.bool("b"));
        assertEquals(List.of(1, 2), config.integers("is"));
        assertEquals(List.of(1.0, 0.5), config.numbers("ds"));
        assertEquals(List.of("a"), config.strings("ss"));
        assertEquals(List.of(false), config.bools("bs"));
        assertTrue(config.isList("is"));
        assertFalse(config.isList("i"));
        assertTrue(config.has("b"));
        assertFalse(config.has("none"));
        assertFalse(config.has("absent"));
    }

    @Test
    void fallsBackWhereAbsentOrNull() {
        ModelConfig config = config("\"none\":null,\"i\":3");
        assertEquals("f", config.string("absent", "f"));
        assertEquals(7, config.integer("none", 7));
        assertEquals(3, config.integer("i", 7));
        assertEquals(0.5, config.number("none", 0.5));
        assertTrue(config.bool("absent", true));
    }

    @Test
    void everyErrorNamesFileKeyExpectedAndFound() {
        ModelConfig config = config("\"s\":\"3\",\"d\":1.5,\"big\":3000000000,\"inf\":1e999,\"mixed\":[1,\"a\"],"
                + "\"holes\":[1,null],\"none\":null");
        expect(() -> config.integer("s"), "s", "a whole number", "\"3\"");
        expect(() -> config.integer("s", 7), "s", "a whole number", "\"3\"");
        expect(() -> config.integer("d"), "d", "a whole number", "1.5");
        expect(() -> config.integer("big"), "big", "a whole number", "3000000000");
        expect(() -> config.number("inf"), "inf", "a number", "Infinity");
        expect(() -> config.string("d"), "d", "a string", "1.5");
        expect(() -> config.bool("s"), "s", "true or false", "\"3\"");
        expect(() -> config.integers("mixed"), "mixed", "a list of whole numbers", "[1, a]");
        expect(() -> config.integers("holes"), "holes", "a list of whole numbers", "[1, null]");
        expect(() -> config.strings("s"), "s", "a list of strings", "\"3\"");
        expect(() -> config.integer("none"), "none", "a whole number", "null");
        expect(() -> config.integer("absent"), "absent", "a whole number", "nothing, the key is missing");
    }

    private static void expect(Executable action, String key, String expected, String found) {
        Problem.expect(action, "config.json: " + key + ": ", "expected: " + expected, "found: " + found);
    }
}
