package dev.hourglass.kernel.scalar;

import static dev.hourglass.kernel.scalar.Memory.get;
import static dev.hourglass.kernel.scalar.Memory.put;
import static dev.hourglass.kernel.scalar.Memory.set;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Convolution by its definition: packed weights are {@code [depth, cout]} after the bias, items are rows of pixels or taps. */
public final class ScalarConv2d implements Conv2d {

    private final WeightFormat format;

    /** With weights as they are. */
    public ScalarConv2d() {
        this(WeightFormat.FLOAT32);
    }

    /** With weights that are packed in another format. */
    public ScalarConv2d(WeightFormat format) {
        this.format = format;
    }

    @Override
    public WeightFormat weights() {
        return format;
    }

    /** In whole floats. */
    @Override
    public long packedBytes(Conv2dGeometry g) {
        long weights = (long) g.depth() * g.cout() * format.bytes();
        return (long) g.cout() * Float.BYTES + Math.ceilDiv(weights, Float.BYTES) * Float.BYTES;
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        return 1;
    }

    @Override
    public void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item) {
        long weights = (long) g.depth() * g.cout();
        for (int co = 0; co < g.cout(); co++) {
            set(packed, co, bias == null ? 0 : get(bias, co));
        }
        for (long k = 0; k < weights; k++) {
            setWeight(g, packed, k, get(weight, k));
        }
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        // [kh, kw, cin, cout] -> [kh, kw, cout, cin], taps in reverse order
        int taps = adjoint.kh() * adjoint.kw();
        int in = adjoint.cout();
        int out = adjoint.cin();
        for (int ci = 0; ci < in; ci++) {
            set(packed, ci, 0);
        }
        for (int tap = 0; tap < taps; tap++) {
            for (int co = 0; co < out; co++) {
                for (int ci = 0; ci < in; ci++) {
                    long from = ((long) (taps - 1 - tap) * in + ci) * out + co;
                    setWeight(adjoint, packed, ((long) tap * out + co) * in + ci, get(weight, from));
                }
            }
        }
    }

    private void setWeight(Conv2dGeometry g, MemorySegment packed, long index, float value) {
        if (format == WeightFormat.FLOAT32) {
            set(packed, g.cout() + index, value);
        } else {
            packed.set(ValueLayout.JAVA_SHORT, shortAt(g, index), (short) format.bits(value));
        }
    }

    private float weight(Conv2dGeometry g, MemorySegment packed, long index) {
        return format == WeightFormat.FLOAT32
                ? get(packed, g.cout() + index)
                : format.value(packed.get(ValueLayout.JAVA_SHORT, shortAt(g, index)));
    }

    private static long shortAt(Conv2dGeometry g, long index) {
        return (long) g.cout() * Float.BYTES + index * Short.BYTES;
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        return 0;
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return g.n() * g.oh();
    }

    @Override
    public void forward(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment packed,
            MemorySegment shift,
            MemorySegment addend,
            MemorySegment y,
            MemorySegment workspace,
            int item) {
        int n = item / g.oh();
        int oy = item % g.oh();
        for (int ox = 0; ox < g.ow(); ox++) {
            long pixel = ((long) n * g.oh() + oy) * g.ow() + ox;
            for (int co = 0; co < g.cout(); co++) {
                double sum = output(g, x, packed, n, oy, ox, co);
                sum += shift == null ? 0 : get(shift, (long) n * g.cout() + co);
                sum += addend == null ? 0 : get(addend, pixel * g.yStride() + co);
                set(y, pixel * g.yStride() + co, (float) sum);
            }
        }
    }

    /** One output value: the bias and the sum over taps and input channels. */
    private double output(Conv2dGeometry g, MemorySegment x, MemorySegment packed, int n, int oy, int ox, int co) {
        double sum = get(packed, co);
        for (int i = 0; i < g.kh(); i++) {
            int iy = g.inputRow(oy, i);
            for (int j = 0; j < g.kw() && iy >= 0; j++) {
                int ix = g.inputColumn(ox, j);
                for (int ci = 0; ci < g.cin() && ix >= 0; ci++) {
                    long row = ((long) i * g.kw() + j) * g.cin() + ci;
                    double value = get(x, (((long) n * g.h() + iy) * g.w() + ix) * g.xStride() + ci);
                    sum += value * weight(g, packed, row * g.cout() + co);
                }
            }
        }
        return sum;
    }

    @Override
    public int gradientItems(Conv2dGeometry g) {
        return g.depth() + 1;
    }

    @Override
    public long gradientPartialBytes(Conv2dGeometry g) {
        return (g.depth() + 1L) * g.cout() * Float.BYTES;
    }

    @Override
    public void weightGradient(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment dy,
            MemorySegment partials,
            MemorySegment workspace,
            int item) {
        for (int co = 0; co < g.cout(); co++) {
            set(partials, (long) item * g.cout() + co, gradient(g, x, dy, item, co));
        }
    }

    /** The gradient of one weight, or, in the row after the last, of one bias: a sum over all output pixels. */
    private static double gradient(Conv2dGeometry g, MemorySegment x, MemorySegment dy, int row, int co) {
        boolean bias = row == g.depth();
        int ci = row % g.cin();
        int j = row / g.cin() % g.kw();
        int i = row / g.cin() / g.kw();
        double sum = 0;
        for (int n = 0; n < g.n(); n++) {
            for (int oy = 0; oy < g.oh(); oy++) {
                int iy = bias ? 0 : g.inputRow(oy, i);
                for (int ox = 0; ox < g.ow() && iy >= 0; ox++) {
                    int ix = bias ? 0 : g.inputColumn(ox, j);
                    if (ix >= 0) {
                        double value = get(dy, (((long) n * g.oh() + oy) * g.ow() + ox) * g.yStride() + co);
                        sum += bias ? value : value * get(x, (((long) n * g.h() + iy) * g.w() + ix) * g.xStride() + ci);
                    }
                }
            }
        }
        return sum;
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        return 1;
    }

    @Override
    public void reduceGradient(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            MemorySegment workspace,
            int item) {
        long weights = (long) g.depth() * g.cout();
        for (long k = 0; k < weights; k++) {
            put(dweight, k, get(partials, k), accumulate);
        }
        if (dbias != null) {
            for (int co = 0; co < g.cout(); co++) {
                put(dbias, co, get(partials, weights + co), accumulate);
            }
        }
    }
}
