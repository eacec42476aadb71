package dev.hourglass.cli;

import dev.hourglass.error.HourglassException;
import java.io.PrintWriter;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line: {@code hourglass <command>}.
 *
 * <p>Exit codes: 0 all went well, 1 a check failed, 2 bad input or wrong use, 70 an error in Hourglass itself.
 */
@Command(
        name = "hourglass",
        header = "U-Nets for the JVM: train them, load them, run them.",
        versionProvider = Version.class,
        mixinStandardHelpOptions = true,
        subcommands = {
            DemoCommand.class,
            TrainCommand.class,
            SampleCommand.class,
            CheckCommand.class,
            InspectCommand.class,
            PredictCommand.class,
            VaeCommand.class,
            ScheduleTraceCommand.class,
            BenchCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 all went well, 1 a check failed, 2 bad input or wrong use,",
            "70 an error in Hourglass itself. hourglass COMMAND --help says more."
        })
public final class Hourglass implements Runnable {

    static final int CHECK_FAILED = 1;
    static final int BAD_INPUT = 2;
    static final int INTERNAL_ERROR = 70;

    private static final String VERBOSE = "--verbose";

    @Spec
    private CommandSpec spec;

    private final Terminal terminal;

    private Hourglass(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Runs a command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(run(args, Terminal.ofProcess()));
    }

    /**
     * Runs a command.
     *
     * @return the exit code
     */
    static int run(String[] args, Terminal terminal) {
        CommandLine commandLine = new CommandLine(new Hourglass(terminal))
                .setOut(terminal.out())
                .setErr(terminal.err())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((problem, given) -> reportUsage(problem))
                .setExecutionExceptionHandler((thrown, command, parsed) -> report(thrown, args, terminal.err()));
        try {
            return commandLine.execute(args);
        } catch (StackOverflowError | OutOfMemoryError e) {
            return report(e, args, terminal.err());
        } finally {
            terminal.out().flush();
            terminal.err().flush();
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    Terminal terminal() {
        return terminal;
    }

    private static int reportUsage(ParameterException problem) {
        CommandLine command = problem.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("hourglass: " + problem.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(problem, err)) {
            command.usage(err);
        }
        return BAD_INPUT;
    }

    private static int report(Throwable thrown, String[] args, PrintWriter err) {
        boolean verbose = Arrays.asList(args).contains(VERBOSE);
        if (thrown instanceof HourglassException) {
            err.println("hourglass: " + thrown.getMessage());
        } else if (thrown instanceof OutOfMemoryError) {
            err.println(tooLittleMemory(thrown));
        } else {
            err.println("hourglass: an error in Hourglass itself, please report it: " + thrown);
            if (!verbose) {
                err.println("  " + VERBOSE + " shows where it happened");
            }
        }
        if (verbose) {
            thrown.printStackTrace(err);
        }
        return thrown instanceof HourglassException || thrown instanceof OutOfMemoryError ? BAD_INPUT : INTERNAL_ERROR;
    }

    private static String tooLittleMemory(Throwable thrown) {
        return "hourglass: "
                + HourglassException.what("too little memory")
                        .where("the Java heap")
                        .found(thrown.getMessage())
                        .mend("use a smaller batch or fewer images, or give Java more: HOURGLASS_JAVA_OPTS=-Xmx4g")
                        .build()
                        .getMessage();
    }
}
