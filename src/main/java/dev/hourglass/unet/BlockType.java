package dev.hourglass.unet;

/** What a level of a {@link UNet2D} is made of. */
enum BlockType {
    /** Residual blocks. */
    PLAIN("DownBlock2D", "UpBlock2D"),
    /** Residual blocks, each followed by self-attention. */
    ATTENTION("AttnDownBlock2D", "AttnUpBlock2D"),
    /** Residual blocks, the size changed by one more of them. */
    RESNET("ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D");

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
        return this == ATTENTION;
    }
}
