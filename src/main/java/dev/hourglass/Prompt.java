package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.train.Conditions;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.UNet2DCondition;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * What a model is told about the images that it draws, and what it is told without the condition, for guidance. Who opens one closes it,
 * after the drawing.
 */
public final class Prompt implements AutoCloseable {

    /** What stands before the names of inputs without the condition. */
    public static final String NEGATIVE = "negative_";

    /** Inputs that say nothing of what to draw: the same with the condition and without, where there is no other. */
    private static final Set<String> NEUTRAL =
            Set.of(Architecture.CLASS_LABELS, UNet2DCondition.TIME_IDS, UNet2DCondition.TIMESTEP_COND);

    private final Conditions all;
    private final Conditions with;
    private final Conditions without;

    private Prompt(Conditions all, boolean guides) {
        this.all = all;
        with = all.select(name -> name.startsWith(NEGATIVE) ? null : name);
        without = guides ? all.select(this::withoutCondition) : Conditions.none();
    }

    private String withoutCondition(String name) {
        if (name.startsWith(NEGATIVE)) {
            return name.substring(NEGATIVE.length());
        }
        return NEUTRAL.contains(name) && !all.tensors().containsKey(NEGATIVE + name) ? name : null;
    }

    private static Prompt of(Conditions all) {
        return new Prompt(all, all.tensors().keySet().stream().anyMatch(name -> name.startsWith(NEGATIVE)));
    }

    /** Nothing, for models that are told nothing. */
    public static Prompt none() {
        return of(Conditions.none());
    }

    /**
     * Classes.
     *
     * @param classes image k is of class {@code k mod size}
     * @param nullClass the class that stands for none
     */
    public static Prompt classes(List<Integer> classes, int nullClass) {
        return of(Conditions.none()
                .with(Architecture.CLASS_LABELS, classes)
                .with(NEGATIVE + Architecture.CLASS_LABELS, List.of(nullClass)));
    }

    /**
     * Reads all inputs of a model from a safetensors file, by diffusers' names ({@code encoder_hidden_states}); {@code negative_} stands
     * before those without the condition. Image k gets row {@code k mod rows}.
     *
     * @throws HourglassException when the file is missing or damaged, or there is too little memory
     */
    public static Prompt read(Path file) {
        return of(Conditions.read(file));
    }

    /** Whether a model can be guided by it. */
    boolean guides() {
        return !without.tensors().isEmpty();
    }

    /**
     * How many tokens the texts have; one where there is none.
     *
     * @throws HourglassException when guidance needs those without the condition, and they have others
     */
    int tokens(Architecture architecture, boolean guided) {
        int tokens = with.tokens(architecture);
        if (guided && without.tokens(architecture) != tokens) {
            throw HourglassException.what("the texts with the condition and without are not of one length")
                    .where(NEGATIVE + UNet2DCondition.TEXT)
                    .expected(tokens + " tokens")
                    .found(without.tokens(architecture))
                    .mend("pad the shorter one, as text encoders do")
                    .build();
        }
        return tokens;
    }

    /**
     * Connects it to a session, where images without the condition come first when there is guidance.
     *
     * @return tells the session about a batch, by the number of its first image
     * @throws HourglassException when an input is missing, unknown, of a wrong shape, not finite, or a label is not in the table
     */
    IntConsumer into(Architecture architecture, Session session, boolean guided, Elementwise elementwise) {
        int batch = session.options().batch() / (guided ? 2 : 1);
        Conditions.Feed negative = guided
                ? without.into(architecture, without.rows(), elementwise, session::condition)
                : Conditions.Feed.NOTHING;
        Conditions.Feed positive = with.into(architecture, with.rows(), elementwise, session::condition);
        return first -> {
            for (int slot = 0; slot < batch; slot++) {
                negative.feed(slot, (first + slot) % without.rows());
                positive.feed(guided ? batch + slot : slot, (first + slot) % with.rows());
            }
        };
    }

    @Override
    public void close() {
        all.close();
    }
}
