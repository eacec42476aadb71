package dev.hourglass.bench.peer;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Outcomes as Markdown. */
public final class Report {

    private Report() {}

    /** Engines, ratios to the fastest peer, all times, agreement. */
    public static String of(Comparison comparison, List<Comparison.Outcome> outcomes) {
        List<Engine> engines = takingPart(comparison, outcomes);
        StringBuilder text = new StringBuilder("\n");
        for (Engine engine : engines) {
            text.append("- ")
                    .append(engine.name())
                    .append(": ")
                    .append(engine.details())
                    .append('\n');
        }
        text.append(format(
                "%nOne sample of each engine in each of %d rounds, warmed up until %.1f s brought no faster run.%n",
                comparison.turns().rounds(), comparison.turns().warmUpSeconds()));
        if (engines.size() == 1) {
            return text.append(times(outcomes)).toString();
        }
        return text.append(ratios(outcomes))
                .append(times(outcomes))
                .append(agreement(outcomes))
                .toString();
    }

    /** The memory of each engine. */
    public static String memory(List<PeakMemory> peaks, long bareJvm) {
        StringBuilder table = new StringBuilder(format("""

                Memory: the largest resident set of a process in which one engine does one kind of work, native libraries and all, taken
                after the preparation. A JVM that does nothing has %.0f MiB.

                | work | threads | engine | peak MiB |
                |---|---:|---|---:|
                """, mebibytes(bareJvm)));
        for (PeakMemory peak : peaks) {
            table.append(format(
                    "| %s | %d | %s | %.0f |%n",
                    peak.job().label(), peak.job().threads(), peak.engine(), mebibytes(peak.bytes())));
        }
        return table.toString();
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }

    private static List<Engine> takingPart(Comparison comparison, List<Comparison.Outcome> outcomes) {
        Set<String> names = outcomes.stream()
                .flatMap(outcome -> outcome.timings().stream())
                .map(Timings::engine)
                .collect(Collectors.toSet());
        return comparison.engines().stream()
                .filter(engine -> names.contains(engine.name()))
                .toList();
    }

    private static String ratios(List<Comparison.Outcome> outcomes) {
        StringBuilder table = new StringBuilder("""

                Times of the fastest peer over those of Hourglass: above 1, Hourglass is faster. The peak is what as many threads could
                do in the same rounds: where it does not grow with them, they shared a core.

                | work | threads | fastest peer | ratio of medians | median of rounds' ratios | FMA peak, GFLOP/s |
                |---|---:|---|---:|---:|---:|
                """);
        for (Comparison.Outcome outcome : outcomes) {
            Timings own = outcome.timings().getFirst();
            Timings peer = fastestPeer(outcome).orElseThrow();
            table.append(format(
                    "| %s | %d | %s | %.2f | %.2f | %.0f |%n",
                    outcome.job().label(),
                    outcome.job().threads(),
                    peer.engine(),
                    own.speedupOver(peer),
                    own.pairedSpeedupOver(peer),
                    outcome.peakGflops()));
        }
        return table.toString();
    }

    private static String times(List<Comparison.Outcome> outcomes) {
        StringBuilder table = new StringBuilder("""

                | work | threads | engine | median ms | min - max ms | img/s | bytes allocated a run |
                |---|---:|---|---:|---:|---:|---:|
                """);
        for (Comparison.Outcome outcome : outcomes) {
            for (Timings timings : outcome.timings()) {
                boolean own = timings == outcome.timings().getFirst();
                table.append(format(
                        "| %s | %d | %s | %.2f | %.2f - %.2f | %.0f | %s |%n",
                        outcome.job().label(),
                        outcome.job().threads(),
                        timings.engine(),
                        timings.median(),
                        timings.min(),
                        timings.max(),
                        1e3 * outcome.job().batch() / timings.median(),
                        own ? format("%.0f", outcome.bytesPerRun()) : ""));
            }
        }
        return table.toString();
    }

    private static String agreement(List<Comparison.Outcome> outcomes) {
        StringBuilder text = new StringBuilder("\nThe same random weights and inputs in all engines:\n\n");
        for (Comparison.Outcome outcome : outcomes) {
            text.append(format(
                    "- %s, threads %d: %s%n",
                    outcome.job().label(), outcome.job().threads(), outcome.agreement()));
        }
        return text.toString();
    }

    private static Optional<Timings> fastestPeer(Comparison.Outcome outcome) {
        return outcome.timings().stream().skip(1).min(Comparator.comparingDouble(Timings::median));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
