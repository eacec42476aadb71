package dev.hourglass.cli;

import picocli.CommandLine.Option;

/** Options that every command has. */
final class HelpOptions {

    @Option(names = "--verbose", description = "Show where an error happened.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    private boolean help;
}
