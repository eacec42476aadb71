package dev.hourglass.kernel;

import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.Floats;

/** Everything one kernel computes for one geometry on fixed random numbers, in no more memory than it asks for. */
final class ConvolutionRun {

    final float[] x;
    final float[] weight;
    final float[] bias;
    final float[] dy;
    final float[] y;
    final float[] dx;
    final float[] dw;
    final float[] db;

    ConvolutionRun(Conv2dGeometry g, Conv2d kernel) {
        this(g, kernel, Floats.random(2, (long) g.depth() * g.cout()));
    }

    ConvolutionRun(Conv2dGeometry g, Conv2d kernel, float[] weight) {
        this.weight = weight;
        x = Floats.random(1, (long) g.n() * g.h() * g.w() * g.cin());
        bias = Floats.random(3, g.cout());
        dy = Floats.random(4, (long) g.rows() * g.cout());
        GuardedFloats workspace = GuardedFloats.zeros(scratch(g, kernel));
        y = items(g, kernel, Floats.tensor(x), packed(g, kernel, workspace), workspace, dy.length);
        dx = inputGradient(g, kernel, workspace);
        GuardedFloats partials = GuardedFloats.zeros(Math.toIntExact(kernel.gradientPartialBytes(g) / 4));
        Tensor in = Floats.tensor(x);
        Tensor gradient = Floats.tensor(dy);
        for (int item = 0; item < kernel.gradientItems(g); item++) {
            kernel.weightGradient(g, in.segment(), gradient.segment(), partials.segment(), workspace.segment(), item);
        }
        Tensor weightSums = Floats.tensor(new float[weight.length]);
        Tensor biasSums = Floats.tensor(new float[bias.length]);
        // Every item twice, the second time on top, and half of it: both ways of writing must agree.
        for (int round = 0; round < 2; round++) {
            for (int item = 0; item < kernel.reduceItems(g); item++) {
                kernel.reduceGradient(
                        g,
                        partials.segment(),
                        weightSums.segment(),
                        biasSums.segment(),
                        round == 1,
                        workspace.segment(),
                        item);
            }
        }
        partials.requireIntact();
        workspace.requireIntact();
        dw = Floats.scaled(weightSums.toArray(), 0.5f);
        db = Floats.scaled(biasSums.toArray(), 0.5f);
    }

    static int scratch(Conv2dGeometry g, Conv2d kernel) {
        long bytes = Math.max(kernel.workspaceBytes(g), kernel.workspaceBytes(g.adjoint()));
        return Math.toIntExact(Math.max(bytes, 4) / 4);
    }

    private GuardedFloats packed(Conv2dGeometry g, Conv2d kernel, GuardedFloats workspace) {
        GuardedFloats packed = GuardedFloats.zeros(Math.toIntExact(kernel.packedBytes(g) / 4));
        Tensor weights = Floats.tensor(weight);
        Tensor biases = Floats.tensor(bias);
        for (int item = 0; item < kernel.packItems(g); item++) {
            kernel.pack(g, weights.segment(), biases.segment(), packed.segment(), workspace.segment(), item);
        }
        packed.requireIntact();
        return packed;
    }

    /** One pass with everything that can be added. */
    float[] forward(Conv2dGeometry g, Conv2d kernel, Tensor shift, Tensor addend) {
        GuardedFloats workspace = GuardedFloats.zeros(scratch(g, kernel));
        GuardedFloats packed = packed(g, kernel, workspace);
        Tensor in = Floats.tensor(x);
        Tensor out = Floats.tensor(new float[dy.length]);
        for (int item = 0; item < kernel.forwardItems(g); item++) {
            kernel.forward(
                    g,
                    in.segment(),
                    packed.segment(),
                    shift.segment(),
                    addend.segment(),
                    out.segment(),
                    workspace.segment(),
                    item);
        }
        return out.toArray();
    }

    private float[] inputGradient(Conv2dGeometry g, Conv2d kernel, GuardedFloats workspace) {
        Conv2dGeometry adjoint = g.adjoint();
        GuardedFloats packed = GuardedFloats.zeros(Math.toIntExact(kernel.packedBytes(adjoint) / 4));
        Tensor weights = Floats.tensor(weight);
        for (int item = 0; item < kernel.packItems(adjoint); item++) {
            kernel.packAdjoint(adjoint, weights.segment(), packed.segment(), workspace.segment(), item);
        }
        return items(adjoint, kernel, Floats.tensor(dy), packed, workspace, x.length);
    }

    /** Runs all items twice, the second time on top, and takes half: both ways of writing must agree. */
    private static float[] items(
            Conv2dGeometry g, Conv2d kernel, Tensor in, GuardedFloats packed, GuardedFloats workspace, int outputs) {
        GuardedFloats out = GuardedFloats.zeros(outputs);
        for (int round = 0; round < 2; round++) {
            for (int item = 0; item < kernel.forwardItems(g); item++) {
                kernel.forward(
                        g,
                        in.segment(),
                        packed.segment(),
                        null,
                        round == 1 ? out.segment() : null,
                        out.segment(),
                        workspace.segment(),
                        item);
            }
        }
        return Floats.scaled(out.toArray(), 0.5f);
    }
}
