package dev.hourglass.cli;

import picocli.CommandLine.Option;

/** The option of commands that can trade speed for smaller rounding errors. */
final class Precision {

    @Option(
            names = "--exact",
            description =
                    "Convolutions as plain sums of products, without Winograd's algorithm: slower, and less rounding.")
    private boolean exact;

    boolean exact() {
        return exact;
    }
}
