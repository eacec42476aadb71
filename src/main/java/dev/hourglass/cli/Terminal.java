package dev.hourglass.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;

/**
 * Where a command writes.
 *
 * @param out results
 * @param err errors and progress
 * @param live whether {@code err} is a screen, on which a line can be written over
 */
record Terminal(PrintWriter out, PrintWriter err, boolean live) {

    /** The system property with which the launcher, who can tell, says whether standard error is a screen. */
    static final String LIVE_PROPERTY = "hourglass.terminal";

    /** Standard output and error of this process. */
    static Terminal ofProcess() {
        // Standard error in a PrintStream is not buffered, and would write a bar character by character.
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), false, System.err.charset());
        String live = System.getProperty(LIVE_PROPERTY);
        return new Terminal(
                new PrintWriter(System.out, true),
                new PrintWriter(err, true),
                live == null ? System.console() != null && System.console().isTerminal() : Boolean.parseBoolean(live));
    }

    /** A line among the results. */
    void say(String format, Object... values) {
        out.println(String.format(java.util.Locale.ROOT, format, values));
        out.flush();
    }

    /** A progress bar; close it when the work is done. */
    Progress progress(String task, String unit, long total) {
        return new Progress(this, task, unit, total);
    }
}
