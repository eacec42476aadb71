package dev.hourglass.bench;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Locale;

/**
 * How far the convolution algorithms are from float64: 3x3 kernels on standard normal images, with weights that make outputs standard
 * normal, too. Errors are absolute, and so in units of an output.
 */
final class Rounding {

    private static final int[][] CHANNELS = {{16, 16}, {64, 64}, {256, 64}, {1024, 64}};
    private static final int IMAGES = 2;
    private static final int SIDE = 16;

    private Rounding() {}

    static String table() {
        StringBuilder text = new StringBuilder("""

                | 3x3 convolution | algorithm | root mean square | largest | root mean square beside sums of products |
                |---|---|---:|---:|---:|
                """);
        for (int[] channels : CHANNELS) {
            Window window = Window.padded(1);
            Conv2dGeometry g = Conv2dGeometry.of(IMAGES, SIDE, SIDE, channels[0], channels[1], 3, 3, window, window);
            try (Operands operands = new Operands()) {
                MemorySegment x = operands.normals((long) g.n() * g.h() * g.w() * g.cin());
                MemorySegment weight = operands.normals((long) g.depth() * g.cout());
                float scale = (float) (1 / Math.sqrt(g.depth()));
                for (long i = 0; i < (long) g.depth() * g.cout(); i++) {
                    set(weight, i, get(weight, i) * scale);
                }
                double[] expected = expected(g, x, weight);
                double plain = 0;
                for (Algorithm algorithm : EnumSet.range(Algorithm.DIRECT, Algorithm.WINOGRAD_4)) {
                    MemorySegment y = forward(g, algorithm.kernel(Twin.VECTOR), x, weight, operands);
                    double squares = 0;
                    double largest = 0;
                    for (int i = 0; i < expected.length; i++) {
                        double error = Math.abs(get(y, i) - expected[i]);
                        squares += error * error;
                        largest = Math.max(largest, error);
                    }
                    double mean = Math.sqrt(squares / expected.length);
                    plain = plain == 0 ? mean : plain;
                    text.append(String.format(
                            Locale.ROOT,
                            "| %d to %d channels | %s | %.1e | %.1e | %.1f |%n",
                            g.cin(),
                            g.cout(),
                            algorithm.label(),
                            mean,
                            largest,
                            mean / plain));
                }
            }
        }
        return text.toString();
    }

    private static MemorySegment forward(
            Conv2dGeometry g, Conv2d kernel, MemorySegment x, MemorySegment weight, Operands operands) {
        MemorySegment packed = operands.bytes(kernel.packedBytes(g));
        MemorySegment workspace = operands.bytes(kernel.workspaceBytes(g));
        MemorySegment y = operands.floats((long) g.rows() * g.cout());
        for (int item = 0; item < kernel.packItems(g); item++) {
            kernel.pack(g, weight, null, packed, workspace, item);
        }
        for (int item = 0; item < kernel.forwardItems(g); item++) {
            kernel.forward(g, x, packed, null, null, y, workspace, item);
        }
        return y;
    }

    /** The definition, in double. */
    private static double[] expected(Conv2dGeometry g, MemorySegment x, MemorySegment weight) {
        double[] y = new double[g.rows() * g.cout()];
        for (int row = 0; row < g.rows(); row++) {
            int n = row / g.ow() / g.oh();
            for (int tap = 0; tap < g.kh() * g.kw(); tap++) {
                int iy = g.inputRow(row / g.ow() % g.oh(), tap / g.kw());
                int ix = g.inputColumn(row % g.ow(), tap % g.kw());
                for (int ci = 0; ci < g.cin() && iy >= 0 && ix >= 0; ci++) {
                    double value = get(x, (((long) n * g.h() + iy) * g.w() + ix) * g.cin() + ci);
                    for (int co = 0; co < g.cout(); co++) {
                        y[row * g.cout() + co] += value * get(weight, ((long) tap * g.cin() + ci) * g.cout() + co);
                    }
                }
            }
        }
        return y;
    }

    private static float get(MemorySegment segment, long index) {
        return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    private static void set(MemorySegment segment, long index, float value) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }
}
