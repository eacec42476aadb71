package dev.hourglass.bench.roofline;

import dev.hourglass.bench.peer.Turns;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** Kernel families and their rooflines as Markdown. */
public final class RooflineReport {

    private RooflineReport() {}

    /**
     * Measures and reports.
     *
     * @param some chooses among all kernels
     */
    public static String of(UnaryOperator<List<Kernel>> some, Turns turns) {
        Roofline roofline = Roofline.measure(some.apply(KernelList.all()), turns);
        return format("%nOn 1 thread, %d rounds.%n", turns.rounds()) + bounds(roofline) + kernels(roofline);
    }

    private static String bounds(Roofline roofline) {
        StringBuilder table = new StringBuilder(format(
                "%nBounds, the best samples: %.0f GFLOP/s of multiply-adds that never leave the registers, and streams:%n",
                roofline.peak()));
        table.append("""

                | bytes streamed | copy GB/s | triad GB/s | update GB/s |
                |---:|---:|---:|---:|
                """);
        for (Bandwidth stream : roofline.streams()) {
            table.append(format(
                    "| %s | %.0f | %.0f | %.0f |%n",
                    bytes(stream.bytes()), stream.copy(), stream.triad(), stream.update()));
        }
        return table.toString();
    }

    private static String kernels(Roofline roofline) {
        StringBuilder table = new StringBuilder("""

                | kernel | shape | median ms | min - max ms | GFLOP/s | GB/s | bytes | bound by | roofline | reached | bytes allocated a run |
                |---|---|---:|---:|---:|---:|---:|---|---:|---:|---:|
                """);
        for (Roofline.Outcome outcome : roofline.outcomes()) {
            table.append(format(
                    "| %s | %s | %.4f | %.4f - %.4f | %s | %.1f | %s | %s | %s | %.0f |%n",
                    outcome.kernel().name(),
                    outcome.kernel().shape(),
                    outcome.timings().median(),
                    outcome.timings().min(),
                    outcome.timings().max(),
                    outcome.operations() > 0 ? format("%.0f", outcome.gigaflops()) : "",
                    outcome.gigabytes(),
                    bytes(outcome.bytes()),
                    bound(outcome),
                    percent(outcome.reached()),
                    outcome.bytesAllocated()));
        }
        return table.toString();
    }

    /** What bounds a kernel, and where the bound is. */
    private static String bound(Roofline.Outcome outcome) {
        if (outcome.boundByArithmetic()) {
            return format("multiply-adds | %.0f GFLOP/s", outcome.arithmeticBound());
        }
        double bandwidth = outcome.memoryBound();
        String stream = bytes(outcome.stream().bytes()) + " streamed | ";
        return outcome.operations() > 0
                ? stream + format("%.0f GFLOP/s", outcome.operations() / outcome.bytes() * bandwidth)
                : stream + format("%.0f GB/s", bandwidth);
    }

    private static String percent(double share) {
        return format(share < 0.01 ? "%.1f%%" : "%.0f%%", 100 * share);
    }

    private static String bytes(double bytes) {
        return bytes < 1 << 20 ? format("%.0f KiB", bytes / (1 << 10)) : format("%.1f MiB", bytes / (1 << 20));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
