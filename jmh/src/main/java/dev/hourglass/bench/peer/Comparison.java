package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks engines against each other and times them in turns.
 *
 * @param engines the first is the one the others are compared with; it can do every kind of job
 */
public record Comparison(List<Engine> engines, Turns turns) {

    /**
     * What came out.
     *
     * @param timings of the engines that can do the job, in their order
     * @param bytesPerRun what all Java threads together allocated for a run of the first engine
     * @param agreement how close the engines' results are, in words
     * @param peakGflops what the processors can do at most with as many threads, measured in the same turns: it tells whether threads
     *     had processors of their own, which on a shared machine changes from hour to hour
     */
    public record Outcome(Job job, List<Timings> timings, double bytesPerRun, String agreement, double peakGflops) {}

    /**
     * Prepares, checks, warms up and times one job.
     *
     * @throws IllegalStateException when the engines do not compute the same thing
     */
    public Outcome run(Job job) {
        List<Engine> able = new ArrayList<>();
        List<Work> works = new ArrayList<>();
        try (FmaPeak peak = new FmaPeak(job.threads());
                UNet model = job.subject().create()) {
            Example example = Example.of(job);
            for (Engine engine : engines) {
                engine.prepare(job, model, example).ifPresent(work -> {
                    able.add(engine);
                    works.add(work);
                });
            }
            String agreement = Agreement.require(job, able, works);
            List<Work> timed = new ArrayList<>(works);
            timed.add(peak);
            double[][] millis = turns.time(timed);
            List<Timings> timings = new ArrayList<>();
            for (int k = 0; k < able.size(); k++) {
                timings.add(new Timings(able.get(k).name(), millis[k]));
            }
            double gflops = peak.gigaflops(new Timings("peak", millis[able.size()]).median());
            return new Outcome(job, timings, Turns.bytesPerRun(works.getFirst()), agreement, gflops);
        } finally {
            works.forEach(Work::close);
        }
    }
}
