package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The {@code config.json} of a model: a JSON object with a {@code _class_name}. Every getter names the file, the key,
 * what it expected and what it found. A getter with a fallback gives that where the key is absent or {@code null}, one
 * without throws there.
 */
public final class ModelConfig {

    /** The key of the model family's name. */
    public static final String CLASS_NAME = "_class_name";

    private final Object where;
    private final Map<String, Object> values;

    private ModelConfig(Object where, Map<String, Object> values) {
        this.where = where;
        this.values = values;
    }

    /**
     * Wraps a parsed object.
     *
     * @param where where it comes from, for the errors
     * @throws HourglassException when it has no string {@code _class_name}
     */
    public static ModelConfig of(Object where, Map<String, Object> values) {
        ModelConfig config = new ModelConfig(where, Collections.unmodifiableMap(new LinkedHashMap<>(values)));
        config.string(CLASS_NAME);
        return config;
    }

    /** The model family's name, such as {@code UNet2DModel}. */
    public String className() {
        return string(CLASS_NAME);
    }

    /** All keys and values, in file order. */
    public Map<String, Object> asMap() {
        return values;
    }

    /** Whether the key is there and not {@code null}. */
    public boolean has(String key) {
        return values.get(key) != null;
    }

    /** Whether the key holds a list: some diffusers keys may hold one value or one per level. */
    public boolean isList(String key) {
        return values.get(key) instanceof List;
    }

    /** A string. */
    public String string(String key) {
        return required(key, "a string", ModelConfig::asString);
    }

    /** A string, or the fallback. */
    public String string(String key, String fallback) {
        return has(key) ? string(key) : fallback;
    }

    /** A string that is one of those given, or the fallback. */
    public String choice(String key, String fallback, String... supported) {
        String value = string(key, fallback);
        if (!List.of(supported).contains(value)) {
            throw invalid(key, "one of " + String.join(", ", supported));
        }
        return value;
    }

    /** A whole number that fits an int. */
    public int integer(String key) {
        return required(key, "a whole number", ModelConfig::asInteger);
    }

    /** A whole number, or the fallback. */
    public int integer(String key, int fallback) {
        return has(key) ? integer(key) : fallback;
    }

    /** A finite number, whole or not. */
    public double number(String key) {
        return required(key, "a number", ModelConfig::asNumber);
    }

    /** A finite number, or the fallback. */
    public double number(String key, double fallback) {
        return has(key) ? number(key) : fallback;
    }

    /** True or false. */
    public boolean bool(String key) {
        return required(key, "true or false", value -> value instanceof Boolean flag ? flag : null);
    }

    /** True or false, or the fallback. */
    public boolean bool(String key, boolean fallback) {
        return has(key) ? bool(key) : fallback;
    }

    /** A list of whole numbers. */
    public List<Integer> integers(String key) {
        return list(key, "a list of whole numbers", ModelConfig::asInteger);
    }

    /** A list of finite numbers. */
    public List<Double> numbers(String key) {
        return list(key, "a list of numbers", ModelConfig::asNumber);
    }

    /** A list of strings. */
    public List<String> strings(String key) {
        return list(key, "a list of strings", ModelConfig::asString);
    }

    /** A list of true and false. */
    public List<Boolean> bools(String key) {
        return list(key, "a list of true and false", value -> value instanceof Boolean flag ? flag : null);
    }

    /** An error about the value of a key, for checks that only the caller knows to make. */
    public HourglassException invalid(String key, String expected) {
        Object value = values.get(key);
        String found = value == null
                ? (values.containsKey(key) ? "null" : "nothing, the key is missing")
                : value instanceof String text ? Problems.quote(text) : shown(value);
        return HourglassException.what("the model's configuration has a wrong value")
                .where(where + ": " + key)
                .expected(expected)
                .found(found)
                .mend("correct the value, or fetch the file again")
                .build();
    }

    private <T> T required(String key, String expected, Function<Object, T> convert) {
        T value = convert.apply(values.get(key));
        if (value == null) {
            throw invalid(key, expected);
        }
        return value;
    }

    private <T> List<T> list(String key, String expected, Function<Object, T> convert) {
        return required(key, expected, value -> {
            if (!(value instanceof List<?> items)) {
                return null;
            }
            List<T> converted = items.stream().map(convert).toList();
            return converted.contains(null) ? null : converted;
        });
    }

    private static String asString(Object value) {
        return value instanceof String text ? text : null;
    }

    private static Integer asInteger(Object value) {
        return value instanceof Integer number ? number : null;
    }

    private static Double asNumber(Object value) {
        return value instanceof Number number && Double.isFinite(number.doubleValue()) ? number.doubleValue() : null;
    }

    private static String shown(Object value) {
        String quoted = Problems.quote(value.toString());
        return quoted.substring(1, quoted.length() - 1);
    }
}
