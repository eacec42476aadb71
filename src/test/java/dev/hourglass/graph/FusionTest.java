package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.op.Add;
import dev.hourglass.graph.op.ChannelShift;
import dev.hourglass.graph.op.Concat;
import dev.hourglass.graph.op.Conv2d;
import dev.hourglass.graph.op.GroupNorm;
import dev.hourglass.graph.op.NearestResize;
import dev.hourglass.graph.op.Op;
import dev.hourglass.graph.op.ResizedConcat;
import dev.hourglass.graph.op.Silu;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.ResBlock;
import dev.hourglass.nn.Scope;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which operations are joined, and which must stay apart because somebody else reads what lies between them. */
class FusionTest {

    private final Graph graph = new Graph();
    private final Value x = graph.input("x", Shape.of(2, 8, 8, 16));
    private final Scope top = Scope.of(graph);

    private List<Class<?>> joined(Value... outputs) {
        return Fusion.apply(graph.nodes(), Set.of(outputs)).stream()
                .<Class<?>>map(node -> node.op().getClass())
                .toList();
    }

    @Test
    void aResidualBlockIsTwoNormsTwoConvolutionsAndTheTimestep() {
        Value t = graph.input("t", Shape.of(2, 4));
        Value y = ResBlock.apply(top, x, t, 16);
        List<Node> nodes = Fusion.apply(graph.nodes(), Set.of(y));
        assertEquals(
                List.of("norm1", "t_proj.silu", "t_proj", "conv1", "norm2", "conv2"),
                nodes.stream().map(Node::path).toList());
        Op conv1 = nodes.get(3).op();
        Op conv2 = nodes.get(5).op();
        assertEquals(List.of(true, false), List.of(((Conv2d) conv1).shifted(), ((Conv2d) conv1).added()));
        assertEquals(List.of(false, true), List.of(((Conv2d) conv2).shifted(), ((Conv2d) conv2).added()));
        assertEquals(y, nodes.getLast().output());
    }

    @Test
    void whatHasAnotherReaderStays() {
        Value normal = top.at("norm").groupNorm(x, 4);
        Value active = top.at("norm").silu(normal);
        Value conv = top.at("conv").conv2d(active, 16, 3);
        Value sum = top.add(conv, normal);
        assertEquals(List.of(GroupNorm.class, Silu.class, Conv2d.class), joined(sum));
        assertEquals(List.of(GroupNorm.class, Silu.class, Conv2d.class, Add.class), joined(sum, conv));
    }

    @Test
    void theResizingOfAConcatenationsFirstInputIsPartOfIt() {
        Value wire = graph.input("wire", Shape.of(2, 17, 16, 4));
        Value met = top.concat(top.resizeLike(x, wire), wire);
        List<Node> nodes = Fusion.apply(graph.nodes(), Set.of(met));
        assertEquals(List.of("concat"), nodes.stream().map(Node::path).toList());
        assertEquals(new ResizedConcat(), nodes.getFirst().op());
        assertEquals(List.of(x, wire), nodes.getFirst().inputs());
    }

    @Test
    void otherResizingStays() {
        Value wire = graph.input("wire", Shape.of(2, 17, 16, 4));
        Value resized = top.resizeLike(x, wire);
        Value met = top.concat(resized, wire);
        assertEquals(List.of(NearestResize.class, Concat.class), joined(met, resized));
        Graph second = new Graph();
        Value small = second.input("x", Shape.of(2, 8, 8, 16));
        Value large = second.input("wire", Shape.of(2, 17, 16, 4));
        Scope at = Scope.of(second);
        Value resizedSecond = at.concat(large, at.resizeLike(small, large));
        Value resizedTwice = at.resizeLike(small, large);
        Value twice = at.concat(resizedTwice, resizedTwice);
        assertEquals(
                List.of(NearestResize.class, Concat.class, NearestResize.class, Concat.class),
                Fusion.apply(second.nodes(), Set.of(resizedSecond, twice)).stream()
                        .<Class<?>>map(node -> node.op().getClass())
                        .toList());
    }

    @Test
    void aShiftAfterAnAdditionStays() {
        Value shift = graph.input("shift", Shape.of(2, 16));
        Value conv = top.at("conv").conv2d(x, 16, 3);
        Value shifted = top.channelShift(top.add(conv, x), shift);
        assertEquals(List.of(Conv2d.class, ChannelShift.class), joined(shifted));
    }
}
