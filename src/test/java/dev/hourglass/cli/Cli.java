package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/** Runs the command line as a user would, and keeps what it wrote. */
record Cli(int code, String out, String err) {

    /** Runs a command; every argument's own text is taken. */
    static Cli run(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = Arrays.stream(args).map(String::valueOf).toArray(String[]::new);
        int code = Hourglass.run(texts, new Terminal(new PrintWriter(out), new PrintWriter(err), false));
        return new Cli(code, out.toString(), err.toString());
    }

    /** Runs a command with a system property set. */
    static Cli with(String property, Object value, Object... args) {
        String before = System.getProperty(property);
        System.setProperty(property, String.valueOf(value));
        try {
            return run(args);
        } finally {
            if (before == null) {
                System.clearProperty(property);
            } else {
                System.setProperty(property, before);
            }
        }
    }

    /** Asserts that all went well, and quietly. */
    Cli succeeded() {
        assertEquals(0, code, this::toString);
        return this;
    }

    /** Asserts that the input was refused, with a message of all these parts and without a stack trace. */
    Cli refused(Object... parts) {
        assertEquals(2, code, this::toString);
        assertFalse(err.contains("\tat "), err);
        assertFalse(err.contains("Exception"), err);
        assertMentions(err, parts);
        return this;
    }

    /** Asserts that something was printed. */
    Cli printed(Object... parts) {
        assertMentions(out, parts);
        return this;
    }

    private static void assertMentions(String text, Object... parts) {
        assertAll(Arrays.stream(parts)
                .map(part -> () -> assertTrue(
                        text.contains(String.valueOf(part)), () -> "\"" + part + "\" should be in: " + text)));
    }
}
