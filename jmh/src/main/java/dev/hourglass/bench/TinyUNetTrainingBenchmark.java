package dev.hourglass.bench;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.kernel.RandomNormal;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.TinyUNet;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The network's training step on 28x28 images: forward, mean squared error, backward, AdamW. */
@State(Scope.Thread)
@Warmup(iterations = 5, time = 2, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 2, timeUnit = TimeUnit.SECONDS)
public class TinyUNetTrainingBenchmark extends ShortRuns {

    private static final int SIDE = 28;

    /** Images at a time. */
    @Param("128")
    public int batch;

    /** Threads that work. */
    @Param({"1", "2"})
    public int threads;

    private UNet model;
    private Workers workers;
    private TrainingStep step;

    /** Compiles the step and fills its inputs with noise. */
    @Setup(Level.Trial)
    public void open() {
        RandomNormal normals = Twin.VECTOR.kernels().randomNormal();
        model = UNet.create(new TinyUNet(), new ImageSize(SIDE, SIDE), 0);
        workers = new Workers(threads);
        step = new TrainingStep(
                model.architecture(),
                model.weights(),
                batch,
                SIDE,
                SIDE,
                AdamW.Settings.DEFAULT,
                Twin.VECTOR.kernels(),
                workers);
        int stream = 0;
        for (Tensor tensor : new Tensor[] {step.sample(), step.target(), step.timesteps()}) {
            normals.fill(tensor.segment(), 0, 0, stream++, 0, tensor.shape().elements());
        }
    }

    /** Closes step, workers and model. */
    @TearDown(Level.Trial)
    public void close() {
        step.close();
        workers.close();
        model.close();
    }

    /** One step. */
    @Benchmark
    public float step(Rates.Images rate) {
        rate.images += batch;
        return step.run(1e-3);
    }
}
