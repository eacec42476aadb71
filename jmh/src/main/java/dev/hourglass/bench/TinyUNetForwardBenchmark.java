package dev.hourglass.bench;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.unet.TinyUNet;
import java.lang.foreign.MemorySegment;
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

/** The network's forward pass on 28x28 images through the public face, copies and checks included. */
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
public class TinyUNetForwardBenchmark extends ShortRuns {

    private static final int SIDE = 28;

    /** Images at a time. */
    @Param({"1", "16", "128"})
    public int batch;

    /** Threads that work. */
    @Param({"1", "2"})
    public int threads;

    private final Operands operands = new Operands();
    private UNet model;
    private Session session;
    private MemorySegment sample;
    private MemorySegment timesteps;
    private MemorySegment output;

    /** Compiles the session. */
    @Setup(Level.Trial)
    public void open() {
        Twin.VECTOR.kernels();
        model = UNet.create(new TinyUNet(), new ImageSize(SIDE, SIDE), 0);
        session = model.session(SessionOptions.of(batch, SIDE, SIDE).withThreads(threads));
        sample = operands.normals(session.sampleShape().elements());
        timesteps = operands.normals(batch);
        output = operands.floats(session.outputShape().elements());
    }

    /** Closes session and model. */
    @TearDown(Level.Trial)
    public void close() {
        session.close();
        model.close();
        operands.close();
    }

    /** One pass. */
    @Benchmark
    public void forward(Rates.Images rate) {
        session.run(sample, timesteps, output);
        rate.images += batch;
    }
}
