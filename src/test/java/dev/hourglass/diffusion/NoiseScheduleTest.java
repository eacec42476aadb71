package dev.hourglass.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("once")
class NoiseScheduleTest {

    private final NoiseSchedule schedule = NoiseSchedule.ddpm();

    @Test
    void goesFromAlmostCleanToAlmostPureNoise() {
        assertEquals(1000, schedule.steps());
        assertEquals(1 - 1e-4, schedule.alphaBar(0), 1e-15);
        // the paper: signal at t = T is about 4e-5 of the variance
        assertEquals(4.036e-5, schedule.alphaBar(999), 1e-8);
    }

    /** One reverse step after one forward step: mean and variance of the posterior by Bayes' rule for normal distributions. */
    @Test
    void thePosteriorIsBayes() {
        for (int t : new int[] {1, 7, 500, 999}) {
            double prior = 1 - schedule.alphaBar(t - 1);
            double alpha = 1 - schedule.beta(t);
            double precision = 1 / prior + alpha / schedule.beta(t);
            assertEquals(1 / precision, schedule.posteriorVariance(t), 1e-12);
            assertEquals(
                    Math.sqrt(schedule.alphaBar(t - 1)) / prior / precision, schedule.posteriorCleanFactor(t), 1e-12);
            assertEquals(Math.sqrt(alpha) / schedule.beta(t) / precision, schedule.posteriorNoisyFactor(t), 1e-12);
        }
    }

    @Test
    void theLastStepLandsOnTheCleanImage() {
        assertEquals(1, schedule.posteriorCleanFactor(0), 1e-12);
        assertEquals(0, schedule.posteriorNoisyFactor(0), 1e-12);
        assertEquals(0, schedule.posteriorVariance(0), 0);
    }

    @Test
    void refusesBetasOutOfRange() {
        String message = assertThrows(HourglassException.class, () -> NoiseSchedule.linear(10, 0.1, 1))
                .getMessage();
        assertTrue(message.contains("beta") && message.contains("0.1 to 1.0"), message);
    }
}
