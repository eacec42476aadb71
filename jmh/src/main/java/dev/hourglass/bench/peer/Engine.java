package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import java.util.Optional;

/** Something that can run TinyUNet, and perhaps larger networks. */
public interface Engine {

    /** Its name in tables. */
    String name();

    /** Versions and settings, for the head of the report. */
    String details();

    /**
     * Makes a job ready to run, with a copy of the model's weights.
     *
     * @param model is not changed
     * @return nothing when the engine cannot do this kind of job
     */
    Optional<Work> prepare(Job job, UNet model, Example example);
}
