package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What outputs of every kind stand for. */
class SchedulerEstimateTest {

    private static final Shape SHAPE = Shape.of(1, 2, 3, 2);
    private static final int COUNT = 12;

    /** Roundings of samples that are up to 12 times as large as the image in them. */
    private static final double TOLERANCE = 1e-4;

    private final Random random = new Random(1);

    @Test
    void outputsOfAllKindsStandForTheirImage() {
        for (SchedulerName name : SchedulerName.values()) {
            for (String kind : List.of("epsilon", "sample", "v_prediction")) {
                boolean known =
                        !kind.equals("sample") || name != SchedulerName.PNDM && name != SchedulerName.EULER_ANCESTRAL;
                if (known) {
                    requireEstimate(name, Map.of("prediction_type", kind));
                }
            }
        }
        requireEstimate(SchedulerName.DDPM, Map.of("variance_type", "learned_range"));
        requireEstimate(SchedulerName.DPMSOLVER, Map.of("variance_type", "learned"));
        requireEstimate(SchedulerName.UNIPC, Map.of("prediction_type", "flow_prediction", "use_flow_sigmas", true));
    }

    private void requireEstimate(SchedulerName name, Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.putAll(Map.of("_class_name", "DDPMScheduler", "beta_end", 0.01));
        String kind = (String) all.getOrDefault("prediction_type", "epsilon");
        try (Scheduler scheduler =
                        Schedulers.open(name.from(ModelConfig.of("test", all)), 5, SHAPE, Backend.kernels());
                Slab slab = Slab.open("test", 1024)) {
            Tensor sample = slab.tensor(0, SHAPE);
            Tensor input = slab.tensor(256, SHAPE);
            Tensor clean = slab.tensor(512, SHAPE);
            Tensor output = slab.tensor(768, scheduler.outputShape());
            int outputs = scheduler.outputShape().dim(3);
            for (int step = 0; step < scheduler.steps(); step++) {
                double c = scheduler.cleanShare(step);
                double n = scheduler.noiseShare(step);
                double length = Math.hypot(c, n); // of a sample whose image and noise have variance 1
                for (int k = 0; k < COUNT; k++) {
                    double noise = random.nextGaussian();
                    sample.set(k, (float) (c * wanted(k) + n * noise));
                    output.set(k / 2 * outputs + k % 2, (float)
                            switch (kind) {
                                case "epsilon" -> noise;
                                case "sample" -> wanted(k);
                                case "v_prediction" -> (c * noise - n * wanted(k)) / length;
                                default -> noise - wanted(k);
                            });
                }
                scheduler.scaleModelInput(sample, step, input);
                scheduler.estimate(output, input, step, clean);
                for (int k = 0; k < COUNT; k++) {
                    assertEquals(wanted(k), clean.get(k), TOLERANCE, name + " " + all + ", step " + step);
                }
            }
        }
    }

    private static double wanted(int k) {
        return Math.sin(k);
    }
}
