package dev.hourglass.cli;

import dev.hourglass.kernel.WeightFormat;
import picocli.CommandLine.Option;

/** The option of commands that can run models in less memory. */
final class WeightsOption {

    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            description =
                    "What the U-Net's weights are packed in (${DEFAULT-VALUE}): bfloat16 and float16 take half of the memory,"
                            + " round the weights, and do without Winograd's algorithm.")
    private String name = WeightFormat.FLOAT32.key();

    WeightFormat format() {
        return WeightFormat.of("--weights", name);
    }
}
