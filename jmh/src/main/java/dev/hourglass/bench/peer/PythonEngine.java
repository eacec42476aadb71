package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** PyTorch's wheel in a Python process of its own, with weights in channels_last: eager, or through {@code torch.compile}. */
public final class PythonEngine implements Engine {

    private static final String SCRIPT = "tiny_unet.py";

    private final ChildProcess child;
    private final boolean compiled;

    private PythonEngine(ChildProcess child, boolean compiled) {
        this.child = child;
        this.compiled = compiled;
    }

    /**
     * Starts Python, which ends when this process does.
     *
     * @param python the interpreter
     * @param compiled whether {@code torch.compile} takes part, too; it compiles for a minute and more
     * @return nothing when there is no such interpreter or it has no {@code torch}
     */
    public static List<Engine> start(String python, boolean compiled) {
        Path script = unpack();
        Optional<ChildProcess> child = ChildProcess.start(List.of(python, script.toString()), Map.of());
        if (child.isEmpty()) {
            return List.of();
        }
        Engine eager = new PythonEngine(child.get(), false);
        return compiled ? List.of(eager, new PythonEngine(child.get(), true)) : List.of(eager);
    }

    private static Path unpack() {
        try (InputStream source = PythonEngine.class.getResourceAsStream(SCRIPT)) {
            Path file = Files.createTempFile("hourglass-", ".py");
            file.toFile().deleteOnExit();
            Files.copy(source, file, StandardCopyOption.REPLACE_EXISTING);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return compiled ? "PyTorch compiled (Python)" : "PyTorch (Python)";
    }

    @Override
    public String details() {
        return child.details() + ", channels_last, " + (compiled ? "torch.compile" : "eager");
    }

    @Override
    public Optional<Work> prepare(Job job, UNet model, Example example) {
        if (job.subject() != Subject.TINY) {
            return Optional.empty();
        }
        for (Parameter parameter : model.weights().parameters()) {
            child.tensor(
                    parameter.name(),
                    model.weights().fileOrder(parameter),
                    parameter.fileShape().toArray());
        }
        child.tensor("sample", example.sample(), job.images());
        child.tensor("timesteps", example.timesteps(), job.batch());
        child.tensor("target", example.target(), job.images());
        String kind = job.kind() == Job.Kind.TRAIN ? "train" : "forward";
        return Optional.of(child.open(kind, job.threads(), job.subject().rate(), compiled ? "compiled" : "eager"));
    }
}
