package dev.hourglass;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.op.Concat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Draws a U-Net in plain characters. A memory wire is a concatenation: the block that made its second input is on the way down, the
 * block it is in on the way up across from it. Wires of one resolution start at one indentation.
 */
final class HourglassDrawing {

    private static final int INDENT = 4;
    private static final int SHORTEST_WIRE = 12;
    private static final String NECK = "neck";
    private static final Pattern NUMBERED = Pattern.compile("\\w+\\.\\d+(\\.\\w+\\.\\d+)?");

    private final StringBuilder text = new StringBuilder();

    private HourglassDrawing() {}

    /** A wire: the blocks at both its ends, what it carries, and how often the image has been made smaller before it. */
    private record Wire(String down, String up, String carries, int depth) {}

    static String of(Graph graph) {
        Map<String, Value> blocks = new LinkedHashMap<>();
        List<Node> concatenations = new ArrayList<>();
        for (Node node : graph.nodes()) {
            if (node.output().shape().rank() == 4) {
                blocks.put(block(node.path()), node.output());
            }
            if (node.op() instanceof Concat && node.output().shape().rank() == 4) {
                concatenations.addFirst(node);
            }
        }
        List<Wire> wires = new ArrayList<>();
        Value above = null;
        int depth = 0;
        for (Node node : concatenations) {
            Value carried = node.inputs().get(1);
            depth += above == null || sameSize(above, carried) ? 0 : 1;
            String up = block(node.path());
            wires.add(
                    new Wire(label(block(carried.name()), carried), label(up, blocks.get(up)), shape(carried), depth));
            above = carried;
        }
        String neck = neck(graph, concatenations);
        Value inNeck = blocks.get(neck);
        boolean smaller = above != null && inNeck != null && !sameSize(above, inNeck);
        return new HourglassDrawing()
                .draw(graph, wires, inNeck == null ? NECK : label(neck, inNeck), smaller ? depth + 1 : depth);
    }

    /** The block that ends just before the way up begins. */
    private static String neck(Graph graph, List<Node> concatenations) {
        if (concatenations.isEmpty()) {
            return NECK;
        }
        String deepestUp = block(concatenations.getLast().path());
        String neck = NECK;
        for (Node node : graph.nodes()) {
            String block = block(node.path());
            if (block.equals(deepestUp)) {
                return neck;
            }
            if (node.output().shape().rank() == 4) {
                neck = block;
            }
        }
        return neck;
    }

    private String draw(Graph graph, List<Wire> wires, String neck, int neckDepth) {
        int wide = wires.stream().mapToInt(each -> each.down().length()).max().orElse(0);
        int longest =
                wires.stream().mapToInt(each -> each.carries().length()).max().orElse(0) + SHORTEST_WIRE;
        // The right side of the innermost wire starts here; each level out starts further out.
        int middle = wide + INDENT * neckDepth + longest;
        head(graph, middle + INDENT * neckDepth);
        for (int k = 0; k < wires.size(); k++) {
            Wire wire = wires.get(k);
            int left = INDENT * wire.depth();
            int right = middle + INDENT * (neckDepth - wire.depth());
            String line = across(wire, k + 1, right - left - wire.down().length());
            place(left, wire.down() + " " + line, right, wire.up());
            int next = k + 1 < wires.size() ? wires.get(k + 1).depth() : neckDepth;
            if (next > wire.depth()) {
                place(left + 1, "\\ down", right - 2, "/ up");
            } else {
                place(left, "|", right, "|");
            }
        }
        int left = INDENT * neckDepth;
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

    private static String across(Wire wire, int number, int room) {
        String name = " wire " + number + ", " + wire.carries() + " ";
        int dashes = Math.max(2, room - name.length() - 3);
        return "-".repeat(dashes / 2) + name + "-".repeat(dashes - dashes / 2) + ">";
    }

    private void place(int left, String one, int right, String other) {
        StringBuilder line = new StringBuilder(" ".repeat(left)).append(one);
        line.append(" ".repeat(Math.max(1, right - line.length()))).append(other);
        text.append(line.toString().stripTrailing()).append(System.lineSeparator());
    }

    /** The block of a path: its first name, or diffusers' numbered ones, such as {@code down_blocks.0.resnets.1}. */
    private static String block(String path) {
        Matcher numbered = NUMBERED.matcher(path);
        if (numbered.lookingAt()) {
            return numbered.group();
        }
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
