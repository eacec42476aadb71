package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.unet.Architectures;
import java.nio.file.Path;

/**
 * The model that is measured.
 *
 * @param model a model folder, or the name of a built-in architecture, which gets random weights
 */
public record Subject(String model) {

    /** A model of its own for each caller, who closes it: training changes weights. */
    UNet open() {
        return isBuiltIn() ? UNet.create(Architectures.named(model), ImageSize.MNIST, 0) : UNet.open(Path.of(model));
    }

    /** The name in reports: the architecture's, or that of the folder without those above it. */
    public String name() {
        return isBuiltIn()
                ? model
                : Path.of(model).toAbsolutePath().normalize().getFileName().toString();
    }

    private boolean isBuiltIn() {
        return model.equals(Architectures.TINY);
    }
}
