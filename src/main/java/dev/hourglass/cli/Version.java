package dev.hourglass.cli;

import dev.hourglass.kernel.Backend;
import dev.hourglass.measure.Machine;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} says. */
final class Version implements IVersionProvider {

    /** The version from the jar's manifest, or a word where there is no jar. */
    static String hourglass() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "built from source" : version;
    }

    /** The Java runtime. */
    static String java() {
        return Machine.here().java();
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "Hourglass " + hourglass(), java(), Backend.kernels().reason()
        };
    }
}
