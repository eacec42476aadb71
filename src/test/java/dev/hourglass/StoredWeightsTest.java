package dev.hourglass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.Parameter;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Digits;
import dev.hourglass.testing.Floats;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.LearningRate;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import dev.hourglass.unet.Architectures;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights of an opened model stay in their files for inference, and everything else that a model is for still works. */
@Tag("once")
class StoredWeightsTest {

    private static final SessionOptions OPTIONS = SessionOptions.of(2, 28, 28).withThreads(2);
    private static final float[] SAMPLE = Floats.random(1, 2 * 28 * 28);

    private static final TrainingOptions TRAINING =
            new TrainingOptions(4, 2, new LearningRate.Constant(1e-3), AdamW.Settings.DEFAULT, 0, 5);

    @TempDir
    Path folder;

    private float[] weights;
    private float[] expected;

    @BeforeEach
    void save() {
        try (UNet model = UNet.create(new TinyUNet(), ImageSize.MNIST, 3);
                Session session = model.session(OPTIONS)) {
            model.save(folder);
            weights = model.weights().flat().toArray();
            expected = run(session);
        }
    }

    private static float[] run(Session session) {
        float[] output = new float[SAMPLE.length];
        session.run(SAMPLE, new float[] {3, 700}, output);
        return output;
    }

    private static float[] runOnce(UNet model) {
        try (Session session = model.session(OPTIONS)) {
            return run(session);
        }
    }

    @Test
    void sessionsLeaveThePlainWeightsInTheFile() {
        try (UNet model = UNet.open(folder);
                Session first = model.session(OPTIONS);
                Session second = model.session(OPTIONS)) {
            assertArrayEquals(expected, run(first));
            assertArrayEquals(expected, run(second));
            assertArrayEquals(expected, run(first));
            assertArrayEquals(expected, runOnce(model));
            assertFalse(model.weights().isLoaded());
        }
    }

    /** Beside activations and scratch memory, a program holds hardly more than the packed weights. */
    @Test
    void whatAProgramHoldsUnpackedIsLittle() {
        for (String name : new String[] {Architectures.TINY, Architectures.UNET2D_LESSON}) {
            MemoryPlan plan = UNet.inferencePlan(
                    Architectures.named(name), SessionOptions.of(1, 64, 64).withThreads(2));
            assertTrue(plan.unpacked() > 0 && plan.unpacked() < 0.3 * plan.packed(), name + ": " + plan.unpacked());
        }
    }

    @Test
    void savesWhatItOpened(@TempDir Path copy) {
        try (UNet model = UNet.open(folder)) {
            model.save(copy);
            model.save(folder);
            assertArrayEquals(expected, runOnce(model));
        }
        for (Path saved : new Path[] {copy, folder}) {
            try (UNet model = UNet.open(saved)) {
                assertArrayEquals(expected, runOnce(model));
                assertArrayEquals(weights, model.weights().flat().toArray());
                assertTrue(model.weights().isLoaded());
                assertArrayEquals(expected, runOnce(model));
            }
        }
    }

    /** The first run comes after another model has taken the files' names. */
    @Test
    void aModelSavedOverTheOpenedOneDoesNotMatter() {
        try (UNet model = UNet.open(folder)) {
            try (UNet other = UNet.create(new TinyUNet(), ImageSize.MNIST, 4)) {
                other.save(folder);
            }
            assertArrayEquals(expected, runOnce(model));
        }
    }

    @Test
    void sessionsSeeEdits() {
        try (UNet model = UNet.open(folder);
                Session session = model.session(OPTIONS)) {
            assertArrayEquals(expected, run(session));
            for (Parameter parameter : model.weights().parameters()) {
                float[] values = model.weights().fileOrder(parameter);
                float[] shifted = values.clone();
                shifted[0] += 1;
                model.weights().setFileOrder(parameter, shifted);
                assertFalse(Arrays.equals(expected, run(session)), parameter.name());
                model.weights().setFileOrder(parameter, values);
                assertArrayEquals(expected, run(session), parameter.name());
            }
        }
    }

    @Test
    void sessionsSeeTraining() {
        try (UNet model = UNet.open(folder);
                UNet made = UNet.create(new TinyUNet(), ImageSize.MNIST, 3);
                Session session = model.session(OPTIONS)) {
            assertArrayEquals(expected, run(session));
            train(model);
            train(made);
            float[] trained = made.weights().flat().toArray();
            assertNotEquals(weights[0], trained[0]);
            assertArrayEquals(trained, model.weights().flat().toArray());
            assertArrayEquals(runOnce(made), run(session));
        }
    }

    private static void train(UNet model) {
        try (Workers workers = new Workers(2);
                ImageBytes images = Digits.bars(8, 28, 28);
                Trainer trainer = model.trainer(images, TRAINING, workers)) {
            trainer.step();
            trainer.step();
        }
    }

    @Test
    void aClosedModelReadsNothing() {
        UNet model = UNet.open(folder);
        try (Session session = model.session(OPTIONS)) {
            model.close();
            model.close();
            assertThrows(HourglassException.class, () -> run(session));
        }
    }
}
