package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.lang.foreign.MemorySegment;

/**
 * Pseudo numerical methods (arXiv 2202.09778): three steps of Runge and Kutta, four outputs each, and then linear multisteps of four
 * outputs; or multisteps alone, where the first timestep but one is asked twice. {@code PNDMScheduler}.
 *
 * <p>Multisteps that begin later are diffusers', which asks no timestep twice there: images stay a step noisier than the model is told.
 * After steps of Runge and Kutta diffusers begins with timesteps that belong to others; here they begin with their own.
 */
final class PndmScheduler extends AlphaBarScheduler {

    static final String CLASS_NAME = "PNDMScheduler";

    private static final int ORDER = 4;
    private static final int PHASES = 4; // of a step of Runge and Kutta
    private static final int RUNGE_KUTTA_STEPS = PHASES * (ORDER - 1);

    private final double endAlphaBar;
    private final int stride;
    private final int rungeKuttaSteps;
    private final MemorySegment[] history = new MemorySegment[ORDER]; // the outputs that count, number k at k % 4
    private final MemorySegment base; // the sample that several outputs start from
    private final MemorySegment effective; // what several outputs amount to

    PndmScheduler(Setup setup) {
        AlphaBars bars = AlphaBars.read(setup, AlphaBars.Defaults.DDPM);
        ModelConfig config = setup.config();
        super(
                setup,
                bars,
                timesteps(setup, bars),
                Prediction.read(config, Prediction.EPSILON, Prediction.V_PREDICTION));
        endAlphaBar = config.bool("set_alpha_to_one", false) ? 1 : bars.at(0);
        stride = setup.trainTimesteps() / setup.steps();
        rungeKuttaSteps = skipsRungeKutta(config) ? 0 : RUNGE_KUTTA_STEPS;
        MemorySegment[] buffers = work.open(ORDER + 2);
        System.arraycopy(buffers, 0, history, 0, ORDER);
        base = buffers[ORDER];
        effective = buffers[ORDER + 1];
    }

    private static boolean skipsRungeKutta(ModelConfig config) {
        return config.bool("skip_prk_steps", false);
    }

    private static double[] timesteps(Setup setup, AlphaBars bars) {
        ModelConfig config = setup.config();
        int train = setup.trainTimesteps();
        setup.requireStepsUpTo(train);
        double[] down = TimestepSpacing.read(config, TimestepSpacing.LEADING)
                .whole(train, setup.steps(), config.integer("steps_offset", 0));
        double[] all =
                skipsRungeKutta(config) ? multisteps(down) : withRungeKutta(setup, down, train / setup.steps() / 2);
        return bars.requireAll(config, all);
    }

    /** The second timestep twice. */
    private static double[] multisteps(double[] down) {
        if (down.length == 1) {
            return down;
        }
        double[] all = new double[down.length + 1];
        all[0] = down[0];
        System.arraycopy(down, 1, all, 1, 1);
        System.arraycopy(down, 1, all, 2, down.length - 1);
        return all;
    }

    /** Between the first four timesteps, the middles are asked twice, and the timesteps between two of them, too. */
    private static double[] withRungeKutta(Setup setup, double[] down, int half) {
        if (down.length < ORDER) {
            throw Schedulers.wrongSteps(CLASS_NAME + " with skip_prk_steps false", "at least " + ORDER, setup.steps());
        }
        double[] all = new double[RUNGE_KUTTA_STEPS + down.length - ORDER + 1];
        for (int k = 0; k < ORDER - 1; k++) {
            all[4 * k] = down[k];
            all[4 * k + 1] = down[k + 1] + half;
            all[4 * k + 2] = down[k + 1] + half;
            all[4 * k + 3] = down[k + 1];
        }
        System.arraycopy(down, ORDER - 1, all, RUNGE_KUTTA_STEPS, down.length - ORDER + 1);
        return all;
    }

    @Override
    int stepsIn(int skipped) {
        return skipped + (rungeKuttaSteps == 0 ? 0 : (PHASES - 1) * Math.min(skipped, ORDER - 1));
    }

    @Override
    boolean mayBegin(int step) {
        return step >= rungeKuttaSteps || step % PHASES == 0;
    }

    @Override
    public boolean remembers() {
        return true;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        if (step < rungeKuttaSteps) {
            rungeKutta(output, sample, step);
        } else if (rungeKuttaSteps == 0 && step - begun() < 2) {
            firstMultistep(output, sample, step);
        } else {
            multistep(output, sample, step);
        }
    }

    /** The classical weights 1/6, 1/3, 1/3, 1/6; every phase goes on from the sample of the first. */
    private void rungeKutta(MemorySegment output, MemorySegment sample, int step) {
        int phase = step % PHASES;
        if (phase == 0) {
            work.copy(sample, base);
            work.copy(output, history[step / PHASES]);
            work.scale(1 / 6., output, effective);
        } else {
            work.add(phase == 3 ? 1 / 6. : 1 / 3., output, effective);
        }
        int to = (int) timestep(step) - (step % 2 == 0 ? stride / 2 : 0);
        transfer(base, (int) timestep(step - phase), to, phase == 3 ? effective : output, sample);
    }

    /** The first output, then its mean with the one that it led to. */
    private void firstMultistep(MemorySegment output, MemorySegment sample, int step) {
        int t = (int) timestep(step);
        if (step == begun()) {
            work.copy(sample, base);
            work.copy(output, history[0]);
            transfer(base, t, t - stride, output, sample);
        } else {
            work.blend(0.5, output, 0.5, history[0], effective);
            transfer(base, t + stride, t, effective, sample);
        }
    }

    /** Adams and Bashforth's weights, of as many outputs as there are, up to four. */
    private void multistep(MemorySegment output, MemorySegment sample, int step) {
        int number = rungeKuttaSteps == 0 ? step - begun() - 1 : numberOf(step);
        switch (rungeKuttaSteps == 0 ? number : number - numberOf(begun())) {
            case 0 -> work.copy(output, effective);
            case 1 -> work.blend(3 / 2., output, -1 / 2., older(number, 1), effective);
            case 2 -> {
                work.blend(23 / 12., output, -16 / 12., older(number, 1), effective);
                work.add(5 / 12., older(number, 2), effective);
            }
            default -> {
                work.blend(55 / 24., output, -59 / 24., older(number, 1), effective);
                work.add(37 / 24., older(number, 2), effective);
                work.add(-9 / 24., older(number, 3), effective);
            }
        }
        work.copy(output, history[number % ORDER]);
        int t = (int) timestep(step);
        transfer(sample, t, t - stride, effective, sample);
    }

    /** Which of the outputs that count a step has, where there are steps of Runge and Kutta. */
    private static int numberOf(int step) {
        return step < RUNGE_KUTTA_STEPS ? step / PHASES : step - RUNGE_KUTTA_STEPS + ORDER - 1;
    }

    private MemorySegment older(int number, int by) {
        return history[(number - by) % ORDER];
    }

    /** Equation 9: from one timestep to another along an output. */
    private void transfer(MemorySegment from, int t, int to, MemorySegment output, MemorySegment sample) {
        double alphaBar = alphaBars.at(t);
        double alphaBarTo = to >= 0 ? alphaBars.at(to) : endAlphaBar;
        double alpha = Math.sqrt(alphaBar);
        double sigma = Math.sqrt(1 - alphaBar);
        double along = (alphaBar - alphaBarTo)
                / (alphaBar * Math.sqrt(1 - alphaBarTo) + Math.sqrt(alphaBar * (1 - alphaBar) * alphaBarTo));
        work.blend(
                Math.sqrt(alphaBarTo / alphaBar) + along * prediction.noiseFromSample(alpha, sigma),
                from,
                along * prediction.noiseFromOutput(alpha, sigma),
                output,
                sample);
    }
}
