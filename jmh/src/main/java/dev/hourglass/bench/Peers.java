package dev.hourglass.bench;

import dev.hourglass.bench.peer.Comparison;
import dev.hourglass.bench.peer.Engine;
import dev.hourglass.bench.peer.HourglassEngine;
import dev.hourglass.bench.peer.Job;
import dev.hourglass.bench.peer.Machine;
import dev.hourglass.bench.peer.OnnxRuntimeEngine;
import dev.hourglass.bench.peer.PyTorchEngine;
import dev.hourglass.bench.peer.Report;
import dev.hourglass.bench.peer.Turns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Times Hourglass and PyTorch in turns in this process and writes the table; see the README beside this project. */
public final class Peers {

    private static final String OPENBLAS_THREADS = "OPENBLAS_NUM_THREADS";

    private Peers() {}

    /** Options as in {@link PeerOptions#USAGE}; exit code 1 when the engines disagree, 2 for a wrong option or setting. */
    public static void main(String[] arguments) throws IOException {
        PeerOptions options;
        try {
            options = PeerOptions.parse(arguments);
            requireSettings();
        } catch (IllegalArgumentException | IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        String machine = Machine.describe();
        System.err.println(machine);
        Comparison comparison = new Comparison(engines(), new Turns(options.rounds(), options.warmUpSeconds()));
        List<Comparison.Outcome> outcomes = new ArrayList<>();
        try {
            for (Job job : options.jobs()) {
                System.err.println(job.kind() + ", batch " + job.batch() + ", threads " + job.threads());
                outcomes.add(comparison.run(job));
            }
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        String report = Report.of(machine, comparison, outcomes);
        System.out.println(report);
        if (options.out() != null) {
            Path out = options.out().toAbsolutePath();
            Files.createDirectories(out.getParent());
            Files.writeString(out, report);
        }
    }

    private static void requireSettings() {
        Twin.VECTOR.kernels();
        if (!"1".equals(System.getenv(OPENBLAS_THREADS))) {
            throw new IllegalArgumentException(
                    "set " + OPENBLAS_THREADS + "=1, or PyTorch is timed with more threads than it was given");
        }
    }

    /** Hourglass first; PyTorch where its libraries are there for this system. */
    private static List<Engine> engines() {
        List<Engine> engines = new ArrayList<>();
        engines.add(new HourglassEngine());
        try {
            engines.add(PyTorchEngine.contiguous());
            engines.add(PyTorchEngine.channelsLast());
            engines.add(PyTorchEngine.frozen());
        } catch (LinkageError e) {
            System.err.println("PyTorch is not here, Hourglass is timed alone: " + e);
        }
        try {
            engines.add(new OnnxRuntimeEngine());
        } catch (LinkageError e) {
            System.err.println("ONNX Runtime is not here: " + e);
        }
        return engines;
    }
}
