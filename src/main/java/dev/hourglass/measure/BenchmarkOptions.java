package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import java.util.List;

/**
 * What to measure, and how long.
 *
 * @param jobs in the order of the report, at least one
 * @param size of the images; {@code null} for the model's own
 * @param rounds times of each job, at least 1
 * @param warmUpSeconds how long a job must have got no faster before it is timed; 0 warms nothing up
 * @param coldStarts whether each job is first run once in a JVM of its own
 */
public record BenchmarkOptions(List<Job> jobs, ImageSize size, int rounds, double warmUpSeconds, boolean coldStarts) {

    /** Copies the list. */
    public BenchmarkOptions {
        jobs = List.copyOf(jobs);
    }

    /** How often {@link Benchmark.Listener} will be told. */
    public int parts() {
        return jobs.size() * ((coldStarts ? 1 : 0) + 1 + rounds + 1);
    }
}
