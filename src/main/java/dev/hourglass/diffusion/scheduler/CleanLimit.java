package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.lang.foreign.MemorySegment;

/**
 * What keeps a predicted clean image in range: nothing, a clip, or dynamic thresholding (Imagen, arXiv 2205.11487, section 2.3), which
 * cuts every image at a quantile of its own magnitudes and scales it to 1.
 */
final class CleanLimit {

    private enum Kind {
        NONE,
        CLIP,
        THRESHOLD
    }

    private final Kind kind;
    private final double range;
    private final double ratio;
    private final double most;
    private final Quantile quantile;

    private CleanLimit(Kind kind, double range, double ratio, double most) {
        this.kind = kind;
        this.range = range;
        this.ratio = ratio;
        this.most = most;
        quantile = kind == Kind.THRESHOLD ? new Quantile() : null;
    }

    /** Reads {@code thresholding}, {@code dynamic_thresholding_ratio} and {@code sample_max_value}. */
    static CleanLimit readThresholding(Setup setup) {
        ModelConfig config = setup.config();
        if (!config.bool("thresholding", false)) {
            return new CleanLimit(Kind.NONE, 0, 0, 0);
        }
        double ratio = config.number("dynamic_thresholding_ratio", 0.995);
        if (ratio < 0 || ratio > 1) {
            throw config.invalid("dynamic_thresholding_ratio", "a number from 0 to 1");
        }
        return new CleanLimit(Kind.THRESHOLD, 0, ratio, setup.positive("sample_max_value", 1));
    }

    /** Reads {@code clip_sample} and {@code clip_sample_range}. */
    static CleanLimit readClip(Setup setup, boolean fallback) {
        boolean clips = setup.config().bool("clip_sample", fallback);
        return clips
                ? new CleanLimit(Kind.CLIP, setup.positive("clip_sample_range", 1), 0, 0)
                : new CleanLimit(Kind.NONE, 0, 0, 0);
    }

    /** Reads both; thresholding goes first. */
    static CleanLimit read(Setup setup, boolean clipsByDefault) {
        CleanLimit threshold = readThresholding(setup);
        return threshold.kind == Kind.THRESHOLD ? threshold : readClip(setup, clipsByDefault);
    }

    /** Whether anything is done. */
    boolean limits() {
        return kind != Kind.NONE;
    }

    /** Brings clean images into range, in place. */
    void apply(Workspace work, MemorySegment clean) {
        if (kind == Kind.CLIP) {
            work.clamp(clean, range);
        } else if (kind == Kind.THRESHOLD) {
            int images = work.shape().dim(0);
            long each = work.shape().elements() / images;
            for (int n = 0; n < images; n++) {
                threshold(work, clean, n * each, (n + 1) * each);
            }
        }
    }

    private void threshold(Workspace work, MemorySegment clean, long from, long to) {
        double bound = Math.min(Math.max(quantile.ofMagnitudes(clean, from, to, ratio), 1), most);
        work.clamp(clean, bound, from, to);
        work.scale(1 / bound, clean, from, to);
    }
}
