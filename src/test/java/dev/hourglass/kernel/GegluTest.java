package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.testing.ParityFile;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** GEGLU: the vector twin against the scalar one, both against PyTorch, and what holds for any shape. */
class GegluTest {

    private static void forward(Kernels kernels, GuardedFloats x, GuardedFloats y, int width, int from, int to) {
        kernels.activation().geglu(x.segment(), y.segment(), width, from, to);
    }

    private static void backward(
            Kernels kernels,
            GuardedFloats x,
            GuardedFloats dy,
            GuardedFloats dx,
            boolean accumulate,
            int width,
            int from,
            int to) {
        int floats = Math.toIntExact(kernels.activation().gegluWorkspaceBytes() / Float.BYTES);
        GuardedFloats workspace = GuardedFloats.zeros(floats);
        kernels.activation()
                .gegluGradient(
                        x.segment(), dy.segment(), dx.segment(), accumulate, workspace.segment(), width, from, to);
        workspace.requireIntact();
    }

    /** Of {@code hidden * gelu(gate)} at element {@code i} of the output. */
    private static double tolerance(float[] x, int width, int i) {
        int hidden = i / width * 2 * width + i % width;
        return Math.abs(x[hidden]) * Tolerance.gelu(x[hidden + width])
                + Tolerance.roundings(1, Math.abs(x[hidden] * x[hidden + width]));
    }

    /** Of element {@code i} of the input's gradient. */
    private static double gradientTolerance(float[] x, float[] dy, int width, int i, double before) {
        double gradient = dy[i / (2 * width) * width + i % width];
        boolean isHidden = i % (2 * width) < width;
        double gate = x[isHidden ? i + width : i];
        double ofHidden = Math.abs(gradient) * Tolerance.gelu(gate) + Tolerance.roundings(1, Math.abs(gradient * gate));
        double product = isHidden ? 0 : gradient * x[i - width];
        double ofGate = Tolerance.geluGradient(gate, product, 0) + Tolerance.roundings(3, Math.abs(product));
        double largest = Math.abs(gradient * gate) + 2 * Math.abs(product);
        return (isHidden ? ofHidden : ofGate) + (before == 0 ? 0 : Tolerance.add(largest, before));
    }

    @Property(tries = 200)
    void twinsAgree(
            @ForAll @IntRange(min = 1, max = 1200) int width,
            @ForAll @IntRange(min = 1, max = 4) int rows,
            @ForAll boolean accumulate) {
        GuardedFloats x = GuardedFloats.random(width, 2 * rows * width, 0, 2);
        GuardedFloats dy = GuardedFloats.random(rows, rows * width);
        int from = rows > 1 ? 1 : 0;
        for (Kernels kernels : Twins.all()) {
            GuardedFloats expected = GuardedFloats.random(7, rows * width);
            GuardedFloats actual = expected.copy();
            forward(Twins.scalar(), x, expected, width, from, rows);
            forward(kernels, x, actual, width, from, rows);
            float[] xs = x.toArray();
            float[] dys = dy.toArray();
            Tolerance.assertClose(
                    "output",
                    expected.toArray(),
                    actual.toArray(),
                    i -> i < from * width ? 0 : tolerance(xs, width, i));
            GuardedFloats dx = GuardedFloats.random(8, x.length());
            GuardedFloats vectorDx = dx.copy();
            float[] before = dx.toArray();
            backward(Twins.scalar(), x, dy, dx, accumulate, width, from, rows);
            backward(kernels, x, dy, vectorDx, accumulate, width, from, rows);
            Tolerance.assertClose(
                    "gradient",
                    dx.toArray(),
                    vectorDx.toArray(),
                    i -> i < 2 * from * width ? 0 : gradientTolerance(xs, dys, width, i, accumulate ? before[i] : 0));
        }
    }

    /** For a given gate GEGLU is linear in the hidden values, and its gradient their adjoint: {@code <y, dy> = <hidden, dhidden>}. */
    @Property(tries = 200)
    void adjointInTheHiddenValues(
            @ForAll @IntRange(min = 1, max = 90) int width, @ForAll @IntRange(min = 1, max = 5) int rows) {
        GuardedFloats x = GuardedFloats.random(1, 2 * rows * width);
        GuardedFloats dy = GuardedFloats.random(2, rows * width);
        for (Kernels kernels : Twins.all()) {
            GuardedFloats y = GuardedFloats.zeros(dy.length());
            GuardedFloats dx = GuardedFloats.zeros(x.length());
            forward(kernels, x, y, width, 0, rows);
            backward(kernels, x, dy, dx, false, width, 0, rows);
            float[] xs = x.toArray();
            float[] dxs = dx.toArray();
            double sum = 0;
            for (int i = 0; i < xs.length; i++) {
                sum += i % (2 * width) < width ? (double) xs[i] * dxs[i] : 0;
            }
            double tolerance = Tolerance.roundings(4, GuardedFloats.dotOfMagnitudes(y, dy));
            assertEquals(GuardedFloats.dot(y, dy), sum, tolerance, kernels.reason());
        }
    }

    @Test
    void pyTorch() {
        List<ParityFile.Case> cases = ParityFile.read("geglu").cases();
        assertEquals(3, cases.size());
        for (ParityFile.Case c : cases) {
            int width = c.shape("output")[2];
            int rows = c.shape("output")[0] * c.shape("output")[1];
            float[] x = c.floats("input");
            float[] dy = c.floats("grad_output");
            for (Kernels kernels : Twins.all()) {
                GuardedFloats y = GuardedFloats.zeros(rows * width);
                GuardedFloats dx = GuardedFloats.zeros(2 * rows * width);
                forward(kernels, GuardedFloats.of(x), y, width, 0, rows);
                backward(kernels, GuardedFloats.of(x), GuardedFloats.of(dy), dx, false, width, 0, rows);
                String what = c + ", " + kernels.reason();
                Tolerance.assertClose(what + " output", c.floats("output"), y.toArray(), i -> tolerance(x, width, i));
                Tolerance.assertClose(
                        what + " grad_input",
                        c.floats("grad_input"),
                        dx.toArray(),
                        i -> gradientTolerance(x, dy, width, i, 0));
            }
        }
    }
}
