package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.unet.Architecture;
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
        if (!isBuiltIn()) {
            return UNet.open(Path.of(model));
        }
        Architecture named = Architectures.named(model);
        return UNet.create(named, new ImageSize(named.usualSize(), named.usualSize()), 0);
    }

    /** The name in reports: the architecture's, or that of the folder without those above it. */
    public String name() {
        return isBuiltIn()
                ? model
                : Path.of(model).toAbsolutePath().normalize().getFileName().toString();
    }

    /** Whether the model is made anew, its weights in memory from the start. */
    boolean isBuiltIn() {
        return Architectures.isName(model);
    }
}
