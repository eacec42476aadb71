package dev.hourglass.unet;

/** What a level of a {@link UNet2D} is made of. */
enum BlockType {
    /** Residual blocks. */
    PLAIN("DownBlock2D", "UpBlock2D"),
    /** Residual blocks, each followed by self-attention. */
    ATTENTION("AttnDownBlock2D", "AttnUpBlock2D"),
    /** Residual blocks, the size changed by one more of them. */
    RESNET("ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"),
    /** Residual blocks, and the image itself beside them, smaller and smaller ({@link SkipLevels}). */
    SKIP("SkipDownBlock2D", "SkipUpBlock2D"),
    /** The same with self-attention. */
    ATTENTION_SKIP("AttnSkipDownBlock2D", "AttnSkipUpBlock2D");

    private final String down;
    private final String up;

    BlockType(String down, String up) {
        this.down = down;
        this.up = up;
    }

    /** diffusers' name on the way down. */
    String down() {
        return down;
    }

    /** diffusers' name on the way up. */
    String up() {
        return up;
    }

    boolean attends() {
        return this == ATTENTION || this == ATTENTION_SKIP;
    }

    boolean skips() {
        return this == SKIP || this == ATTENTION_SKIP;
    }
}
