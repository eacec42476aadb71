package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("once")
class HourglassTest {

    private static final List<String> COMMANDS =
            List.of("demo", "train", "sample", "check", "inspect", "predict", "bench");

    @Test
    void helpNamesAllCommands() {
        Cli.run("--help").succeeded().printed(COMMANDS.toArray()).printed("schedule-trace", "Exit codes");
        Cli.run("schedule-trace", "--help").succeeded().printed("--input", "--output", "--verbose");
        for (String command : COMMANDS) {
            Cli.run(command, "--help").succeeded().printed("hourglass " + command, "--threads", "--verbose");
        }
    }

    @Test
    void versionNamesHourglassAndJava() {
        Cli.run("--version").succeeded().printed("Hourglass", Runtime.version(), "kernels");
    }

    @Test
    void wrongUseIsExplained() {
        Cli.run().refused("which command?", "Usage");
        Cli.run("dream").refused("dream");
        Cli.run("train").refused("--data", "--out", "Usage");
        Cli.run("sample", "model", "--coutn", 3).refused("--coutn");
        Cli.run("sample", "model", "--count", "some").refused("--count", "some");
    }

    @Test
    void verboseShowsWhereItHappened() {
        assertFalse(Cli.run("inspect", "nowhere").err().contains("\tat "));
        Cli verbose = Cli.run("inspect", "nowhere", "--verbose");
        assertEquals(2, verbose.code());
        assertTrue(verbose.err().contains("\tat dev.hourglass"), verbose.err());
    }
}
