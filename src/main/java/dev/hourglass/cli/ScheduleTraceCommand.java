package dev.hourglass.cli;

import dev.hourglass.ScheduleTrace;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass schedule-trace}. */
@Command(
        name = "schedule-trace",
        description = "Leads recorded outputs of a model through a scheduler of diffusers, for comparison.")
final class ScheduleTraceCommand implements Callable<Integer> {

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private HelpOptions help;

    @Parameters(paramLabel = "SCHEDULER_CONFIG.json", description = "A scheduler's configuration, as diffusers has it.")
    private Path config;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "TRACE.safetensors",
            description =
                    "Holds `initial`, `s000.model_output`, `s000.noise0` and so on; its metadata says `steps` and may say `step_args`.")
    private Path input;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "OUT.safetensors",
            description =
                    "Gets `s000.model_input`, `s000.prev_sample` and so on, `timesteps`, and `sigmas` where there are any.")
    private Path output;

    @Override
    public Integer call() {
        int steps = ScheduleTrace.run(config, input, output);
        hourglass.terminal().say("%,d steps in %s", steps, output);
        return 0;
    }
}
