package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.Timings;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Outcomes of layers as Markdown. */
public final class LayerReport {

    private LayerReport() {}

    /** Every layer, and the sums over the network for the kinds of layer that an engine has. */
    public static String network(LayerComparison comparison, List<LayerComparison.Outcome> outcomes) {
        return head(comparison) + sums(outcomes) + table(outcomes);
    }

    /** Every layer. */
    public static String efficiency(LayerComparison comparison, List<LayerComparison.Outcome> outcomes) {
        return head(comparison) + table(outcomes);
    }

    private static String head(LayerComparison comparison) {
        StringBuilder text = new StringBuilder(format(
                "%nOn %d thread%s, %d rounds. ",
                comparison.threads(),
                comparison.threads() == 1 ? "" : "s",
                comparison.turns().rounds()));
        return text.append(String.join(". ", comparison.details()))
                .append(".\n")
                .toString();
    }

    /** An engine is compared over the layers that it has. */
    private static String sums(List<LayerComparison.Outcome> outcomes) {
        StringBuilder table = new StringBuilder("""

                Sums over the network, each layer's median times how often it occurs; above 1, Hourglass is faster.

                | peer | its layers | Hourglass ms | peer ms | ratio |
                |---|---:|---:|---:|---:|
                """);
        Set<String> peers = new LinkedHashSet<>();
        outcomes.forEach(outcome -> peers.addAll(outcome.timings().keySet()));
        String own = peers.iterator().next();
        peers.remove(own);
        for (String peer : peers) {
            double ownSum = 0;
            double peerSum = 0;
            int layers = 0;
            for (LayerComparison.Outcome outcome : outcomes) {
                Timings timings = outcome.timings().get(peer);
                if (timings != null) {
                    layers += outcome.count();
                    ownSum += outcome.count() * outcome.timings().get(own).median();
                    peerSum += outcome.count() * timings.median();
                }
            }
            table.append(format("| %s | %d | %.1f | %.1f | %.2f |%n", peer, layers, ownSum, peerSum, peerSum / ownSum));
        }
        return table.toString();
    }

    private static String table(List<LayerComparison.Outcome> outcomes) {
        boolean peers = outcomes.stream().anyMatch(outcome -> outcome.timings().size() > 1);
        StringBuilder table = new StringBuilder(
                """

                | layer | times | Hourglass ms | min - max ms | GFLOP/s | of the peak | of its round's | bytes allocated a run |%s
                |---|---:|---:|---:|---:|---:|---:|---:|%s
                """.formatted(peers ? " fastest peer | its ms | ratio |" : "", peers ? "---|---:|---:|" : ""));
        for (LayerComparison.Outcome outcome : outcomes) {
            Timings own = outcome.timings().values().iterator().next();
            boolean product = outcome.layer().multiplyAdds() > 0;
            table.append(format(
                    "| %s | %d | %.3f | %.3f - %.3f | %s | %s | %s | %.0f |%s%n",
                    outcome.layer().label(),
                    outcome.count(),
                    own.median(),
                    own.min(),
                    own.max(),
                    product ? format("%.0f", outcome.gigaflops()) : "",
                    product ? format("%.0f%%", 100 * outcome.peakShare()) : "",
                    product ? format("%.0f%%", 100 * outcome.turnShare()) : "",
                    outcome.bytesPerRun(),
                    fastestPeer(outcome.timings())
                            .map(peer -> format(
                                    " %s | %.3f | %.2f |", peer.engine(), peer.median(), own.pairedSpeedupOver(peer)))
                            .orElse(peers ? " | | |" : "")));
        }
        return table.toString();
    }

    private static Optional<Timings> fastestPeer(Map<String, Timings> timings) {
        return timings.values().stream().skip(1).min(Comparator.comparingDouble(Timings::median));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
