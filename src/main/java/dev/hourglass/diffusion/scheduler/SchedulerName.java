package dev.hourglass.diffusion.scheduler;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Short names of schedulers, for those who want another one than a folder's own. */
public enum SchedulerName {
    DDPM(DdpmScheduler.CLASS_NAME, Map.of()),
    DDIM(DdimScheduler.CLASS_NAME, Map.of()),
    PNDM(PndmScheduler.CLASS_NAME, Map.of()),
    EULER(EulerScheduler.CLASS_NAME, Map.of()),
    EULER_ANCESTRAL(EulerAncestralScheduler.CLASS_NAME, Map.of()),
    HEUN(HeunScheduler.CLASS_NAME, Map.of()),
    LMS(LmsScheduler.CLASS_NAME, Map.of()),
    DPMSOLVER(DpmSolverScheduler.CLASS_NAME, Map.of("algorithm_type", "dpmsolver++")),
    DPMSOLVER_SDE(DpmSolverScheduler.CLASS_NAME, Map.of("algorithm_type", "sde-dpmsolver++")),
    UNIPC(UniPcScheduler.CLASS_NAME, Map.of()),
    LCM(LcmScheduler.CLASS_NAME, Map.of());

    private final String className;
    private final Map<String, Object> settings;

    SchedulerName(String className, Map<String, Object> settings) {
        this.className = className;
        this.settings = settings;
    }

    /** The name as people write it, such as {@code euler-ancestral}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The scheduler of a name.
     *
     * @param where what the name was given for, for the error
     * @throws HourglassException when there is none, with those there are
     */
    public static SchedulerName of(Object where, String key) {
        return Arrays.stream(values())
                .filter(name -> name.key().equals(key))
                .findFirst()
                .orElseThrow(() -> HourglassException.what("there is no such scheduler")
                        .where(where)
                        .expected("one of "
                                + Arrays.stream(values())
                                        .map(SchedulerName::key)
                                        .collect(Collectors.joining(", ")))
                        .found(key)
                        .build());
    }

    /** The same betas and predictions for this scheduler, as {@code from_config} of diffusers: only the class changes. */
    public ModelConfig from(ModelConfig config) {
        Map<String, Object> all = new LinkedHashMap<>(config.asMap());
        all.put(ModelConfig.CLASS_NAME, className);
        all.putAll(settings);
        return ModelConfig.of("settings for " + key(), all);
    }
}
