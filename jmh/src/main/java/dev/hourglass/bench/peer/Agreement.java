package dev.hourglass.bench.peer;

import java.util.List;

/** Whether the engines compute the same thing: a time says nothing about an engine that computes something else. */
final class Agreement {

    /** The largest difference of two predictions. */
    private static final double PREDICTION = 5e-5;

    /** The largest relative difference of the losses of the first step, which tests the forward pass. */
    private static final double FIRST_LOSS = 1e-4;

    /**
     * The same for later steps, which test gradients and optimizer. AdamW's first steps move every weight by about the rate, in a
     * direction that rounding decides where a gradient is close to zero, so the losses may drift.
     */
    private static final double LATER_LOSS = 1e-3;

    private static final int STEPS = 3;

    private Agreement() {}

    /**
     * Runs every engine and compares it with the first.
     *
     * @return the largest difference that was seen, in words
     * @throws IllegalStateException when two differ by more than rounding explains
     */
    static String require(Job job, List<Engine> engines, List<Work> works) {
        int steps = job.kind() == Job.Kind.FORWARD ? 1 : STEPS;
        double largest = 0;
        for (int step = 0; step < steps; step++) {
            works.forEach(Work::run);
            float[] expected = works.getFirst().result();
            for (int k = 1; k < works.size(); k++) {
                double difference = difference(job, expected, works.get(k).result());
                double allowed = job.kind() == Job.Kind.FORWARD ? PREDICTION : step == 0 ? FIRST_LOSS : LATER_LOSS;
                if (!(difference <= allowed)) {
                    throw new IllegalStateException("%s, step %d: %s and %s differ by %.2g, allowed are %.2g"
                            .formatted(
                                    job.label(),
                                    step + 1,
                                    engines.getFirst().name(),
                                    engines.get(k).name(),
                                    difference,
                                    allowed));
                }
                largest = Math.max(largest, difference);
            }
        }
        return job.kind() == Job.Kind.FORWARD
                ? "predictions differ by at most %.1g".formatted(largest)
                : "losses of %d steps differ by at most %.1g of their value".formatted(steps, largest);
    }

    private static double difference(Job job, float[] expected, float[] found) {
        if (expected.length != found.length) {
            return Double.NaN;
        }
        double largest = 0;
        for (int k = 0; k < expected.length; k++) {
            double difference = Math.abs((double) expected[k] - found[k]);
            // a NaN stays: Math.max hands it on
            largest = Math.max(largest, job.kind() == Job.Kind.FORWARD ? difference : difference / expected[k]);
        }
        return largest;
    }
}
