package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/**
 * PyTorch in this process, through its C++ library. Needs {@code OPENBLAS_NUM_THREADS=1} in the environment: OpenBLAS's threads
 * otherwise fight PyTorch's for the processors.
 */
public final class PyTorchEngine implements Engine {

    private final String name;
    private final MemoryFormat format;
    private final boolean frozen;

    private PyTorchEngine(String name, MemoryFormat format, boolean frozen) {
        this.name = name;
        this.format = format;
        this.frozen = frozen;
    }

    /**
     * Images as {@code [N, C, H, W]}, PyTorch's default; as {@code [N, H, W, C]}; and forward passes of frozen TorchScript on the latter,
     * which is the faster way.
     *
     * @throws LinkageError when the libraries are not there
     */
    public static List<Engine> all() {
        load();
        return List.of(
                new PyTorchEngine("PyTorch", MemoryFormat.Contiguous, false),
                new PyTorchEngine("PyTorch channels_last", MemoryFormat.ChannelsLast, false),
                new PyTorchEngine("PyTorch frozen", MemoryFormat.ChannelsLast, true));
    }

    /**
     * Loads the libraries. All tensors are closed by hand here, so the peer need not pay for JavaCPP's watch over forgotten ones.
     *
     * @throws LinkageError when they are not there
     */
    public static void load() {
        System.setProperty("org.bytedeco.javacpp.nopointergc", "true");
        System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        Loader.load(torch.class);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String details() {
        String onednn = torch.hasMKLDNN() ? torch.get_mkldnn_version().getString() : "without oneDNN";
        return "org.bytedeco:pytorch " + version() + (frozen ? ", frozen TorchScript in channels_last, " : ", eager, ")
                + onednn;
    }

    private static String version() {
        try {
            return Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Optional<Work> prepare(Job job, UNet model, Example example) {
        torch.set_num_threads(job.threads());
        if (frozen) {
            return job.kind() == Job.Kind.FORWARD
                    ? Optional.of(new FrozenForward(job, model, format, example))
                    : Optional.empty();
        }
        return Optional.of(
                switch (job.kind()) {
                    case FORWARD -> new Forward(job, model, format, example);
                    case TRAIN -> new Training(job, model, format, example);
                });
    }

    /** Passes in inference mode. */
    private static final class Forward implements Work {

        private final PyTorchEager layers;
        private final Network<Tensor> network;
        private final Tensor sample;
        private final Tensor timesteps;
        private Tensor prediction;

        Forward(Job job, UNet model, MemoryFormat format, Example example) {
            layers = new PyTorchEager(model, format, false);
            network = Network.of(job.subject(), layers);
            sample = PyTorchTensors.images(example.sample(), format, job.images());
            timesteps = PyTorchTensors.of(example.timesteps(), job.batch());
        }

        @Override
        public void run() {
            if (prediction != null) {
                prediction.close();
            }
            try (InferenceMode _ = new InferenceMode(true)) {
                prediction = network.prediction(sample, timesteps);
            }
        }

        @Override
        public float[] result() {
            return PyTorchTensors.values(prediction);
        }

        @Override
        public void close() {
            if (prediction != null) {
                prediction.close();
            }
            sample.close();
            timesteps.close();
            layers.close();
        }
    }

    /** Passes of a frozen script. */
    private static final class FrozenForward implements Work {

        private final PyTorchScript network;
        private final IValueVector inputs;
        private IValue prediction;

        FrozenForward(Job job, UNet model, MemoryFormat format, Example example) {
            network = new PyTorchScript(job.subject(), model, format);
            try (Tensor sample = PyTorchTensors.images(example.sample(), format, job.images());
                    Tensor timesteps = PyTorchTensors.of(example.timesteps(), job.batch());
                    IValue x = new IValue(sample);
                    IValue t = new IValue(timesteps)) {
                inputs = new IValueVector(x, t);
            }
        }

        @Override
        public void run() {
            if (prediction != null) {
                prediction.close();
            }
            try (InferenceMode _ = new InferenceMode(true)) {
                prediction = network.forward(inputs);
            }
        }

        @Override
        public float[] result() {
            try (Tensor tensor = prediction.toTensor()) {
                return PyTorchTensors.values(tensor);
            }
        }

        @Override
        public void close() {
            if (prediction != null) {
                prediction.close();
            }
            inputs.close();
            network.close();
        }
    }

    /** Steps with PyTorch's AdamW at its default settings. */
    private static final class Training implements Work {

        private final PyTorchEager layers;
        private final Network<Tensor> network;
        private final Tensor sample;
        private final Tensor timesteps;
        private final Tensor target;
        private final TensorVector parameters;
        private final AdamW optimizer;
        private float loss;

        Training(Job job, UNet model, MemoryFormat format, Example example) {
            layers = new PyTorchEager(model, format, true);
            network = Network.of(job.subject(), layers);
            sample = PyTorchTensors.images(example.sample(), format, job.images());
            timesteps = PyTorchTensors.of(example.timesteps(), job.batch());
            target = PyTorchTensors.images(example.target(), format, job.images());
            parameters = layers.parameters();
            try (AdamWOptions options = new AdamWOptions(job.subject().rate())) {
                optimizer = new AdamW(parameters, options);
            }
        }

        @Override
        public void run() {
            try (PointerScope _ = new PointerScope()) {
                optimizer.zero_grad(true);
                Tensor prediction = network.prediction(sample, timesteps);
                Tensor error = torch.mse_loss(prediction, target);
                error.backward();
                optimizer.step();
                loss = error.item_float();
            }
        }

        @Override
        public float[] result() {
            return new float[] {loss};
        }

        @Override
        public void close() {
            optimizer.close();
            parameters.close();
            sample.close();
            timesteps.close();
            target.close();
            layers.close();
        }
    }
}
