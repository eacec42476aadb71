package dev.hourglass;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.op.Concat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Draws a U-Net in plain characters. A memory wire is a concatenation: the block that made its second input is a level on the way
 * down, the block it is in the level on the way up across from it.
 */
final class HourglassDrawing {

    private static final int INDENT = 4;
    private static final int SHORTEST_WIRE = 12;
    private static final String NECK = "neck";

    private final StringBuilder text = new StringBuilder();

    private HourglassDrawing() {}

    /** A level: a block on either side and what the wire between them carries. */
    private record Level(String down, String up, String wire) {}

    static String of(Graph graph) {
        Map<String, Value> blocks = new LinkedHashMap<>();
        List<Level> levels = new ArrayList<>();
        List<Node> concatenations = new ArrayList<>();
        for (Node node : graph.nodes()) {
            if (node.output().shape().rank() == 4) {
                // A block's last output of its size: what follows in the same block, such as a pool, leads to the next.
                Value before = blocks.get(block(node.path()));
                if (before == null || sameSize(before, node.output()) || node.op() instanceof Concat) {
                    blocks.put(block(node.path()), node.output());
                }
            }
            if (node.op() instanceof Concat && node.output().shape().rank() == 4) {
                concatenations.addFirst(node);
            }
        }
        for (Node node : concatenations) {
            Value wire = node.inputs().get(1);
            String down = block(wire.name());
            levels.add(new Level(
                    label(down, blocks.get(down)),
                    label(block(node.path()), blocks.get(block(node.path()))),
                    shape(wire)));
        }
        return new HourglassDrawing().draw(graph, levels, neck(graph, concatenations, blocks));
    }

    /** The block that ends just before the way up begins. */
    private static String neck(Graph graph, List<Node> concatenations, Map<String, Value> blocks) {
        if (concatenations.isEmpty()) {
            return NECK;
        }
        String deepestUp = block(concatenations.getLast().path());
        String neck = NECK;
        for (Node node : graph.nodes()) {
            String block = block(node.path());
            if (block.equals(deepestUp)) {
                return label(neck, blocks.get(neck));
            }
            if (node.output().shape().rank() == 4) {
                neck = block;
            }
        }
        return neck;
    }

    private String draw(Graph graph, List<Level> levels, String neck) {
        int wide =
                levels.stream().mapToInt(level -> level.down().length()).max().orElse(0);
        int wire =
                levels.stream().mapToInt(level -> level.wire().length()).max().orElse(0) + SHORTEST_WIRE;
        // The right side of the innermost level starts here; each level out starts further out.
        int middle = wide + INDENT * levels.size() + wire;
        head(graph, middle + INDENT * levels.size());
        for (int depth = 0; depth < levels.size(); depth++) {
            Level level = levels.get(depth);
            int left = INDENT * depth;
            int right = middle + INDENT * (levels.size() - depth);
            String line = across(level, depth + 1, right - left - level.down().length());
            place(left, level.down() + " " + line, right, level.up());
            place(left + 1, "\\ down", right - 2, "/ up");
        }
        int left = INDENT * levels.size();
        place(left + Math.max(0, (middle - left - neck.length()) / 2), neck, 0, "");
        return text.toString();
    }

    private void head(Graph graph, int right) {
        Value input = graph.inputs().values().iterator().next();
        Value output = graph.outputs().values().iterator().next();
        for (Value other : graph.inputs().values()) {
            if (other != input) {
                text.append(other.name() + " " + shape(other) + " goes into every block" + System.lineSeparator());
            }
        }
        place(0, input.name() + " " + shape(input), right, "output " + shape(output));
        place(0, "|", right, "^");
    }

    private static String across(Level level, int number, int room) {
        String name = " wire " + number + ", " + level.wire() + " ";
        int dashes = Math.max(2, room - name.length() - 3);
        return "-".repeat(dashes / 2) + name + "-".repeat(dashes - dashes / 2) + ">";
    }

    private void place(int left, String one, int right, String other) {
        StringBuilder line = new StringBuilder(" ".repeat(left)).append(one);
        line.append(" ".repeat(Math.max(1, right - line.length()))).append(other);
        text.append(line.toString().stripTrailing()).append(System.lineSeparator());
    }

    private static String block(String path) {
        int dot = path.indexOf('.');
        return dot < 0 ? path : path.substring(0, dot);
    }

    private static String label(String block, Value value) {
        return block + " " + shape(value);
    }

    private static String shape(Value value) {
        return ModelSummary.channelsFirst(value.shape()).toString();
    }

    private static boolean sameSize(Value a, Value b) {
        return a.shape().dim(1) == b.shape().dim(1)
                && a.shape().dim(2) == b.shape().dim(2);
    }
}
