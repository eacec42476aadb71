package dev.hourglass.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line: {@code hourglass <command>}. */
@Command(
        name = "hourglass",
        description = "U-Nets for the JVM.",
        version = "hourglass 0.1.0-SNAPSHOT",
        mixinStandardHelpOptions = true)
public final class Hourglass implements Runnable {
    private Hourglass() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Hourglass()).execute(args));
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
