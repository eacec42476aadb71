package dev.hourglass.bench.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.hourglass.UNet;
import dev.hourglass.bench.onnx.OnnxTinyUNet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** ONNX Runtime in this process: forward passes of a graph whose batch and size are fixed, all optimisations on. */
public final class OnnxRuntimeEngine implements Engine {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();

    /**
     * Loads the library.
     *
     * @throws LinkageError when it is not there for this system
     */
    public OnnxRuntimeEngine() {}

    @Override
    public String name() {
        return "ONNX Runtime";
    }

    @Override
    public String details() {
        return "com.microsoft.onnxruntime " + environment.getVersion() + ", processor provider, all optimisations";
    }

    @Override
    public Optional<Work> prepare(Job job, UNet model, Example example) {
        if (job.subject() != Subject.TINY || job.kind() == Job.Kind.TRAIN) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Forward(environment, job, model, example));
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
        }
    }

    /** A session with its tensors bound once. */
    private static final class Forward implements Work {

        private final OrtSession session;
        private final OnnxTensor sample;
        private final OnnxTensor timesteps;
        private final OnnxTensor prediction;
        private final FloatBuffer values;
        private final Map<String, OnnxTensor> inputs;
        private final Map<String, OnnxTensor> outputs;

        Forward(OrtEnvironment environment, Job job, UNet model, Example example) throws OrtException {
            try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
                options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
                options.setInterOpNumThreads(1);
                options.setIntraOpNumThreads(job.threads());
                session = environment.createSession(
                        OnnxTinyUNet.write(model, job.batch(), job.subject().side()), options);
            }
            long[] images = Arrays.stream(job.images()).asLongStream().toArray();
            sample = OnnxTensor.createTensor(environment, direct(example.sample()), images);
            timesteps = OnnxTensor.createTensor(environment, direct(example.timesteps()), new long[] {job.batch()});
            values = direct(new float[example.sample().length]);
            prediction = OnnxTensor.createTensor(environment, values, images);
            inputs = Map.of(OnnxTinyUNet.SAMPLE, sample, OnnxTinyUNet.TIMESTEPS, timesteps);
            outputs = Map.of(OnnxTinyUNet.PREDICTION, prediction);
        }

        private static FloatBuffer direct(float[] values) {
            return ByteBuffer.allocateDirect(values.length * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer()
                    .put(values)
                    .rewind();
        }

        @Override
        public void run() {
            try (OrtSession.Result _ = session.run(inputs, outputs)) {
                // the result is the tensor that was given
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
            }
        }

        @Override
        public float[] result() {
            float[] copy = new float[values.capacity()];
            values.get(0, copy);
            return copy;
        }

        @Override
        public void close() {
            try {
                session.close();
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
            }
            sample.close();
            timesteps.close();
            prediction.close();
        }
    }
}
