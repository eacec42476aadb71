package dev.hourglass.bench.peer;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;

/** A network that is timed, and the images it is timed on. */
public enum Subject {
    /** The lesson's TinyUNet on 28x28 grey images. */
    TINY(Architectures.TINY, 28, 1e-3),
    /** The lesson's production example, diffusers' {@code UNet2DModel} with 107,698,435 parameters, on 64x64 colour images. */
    LESSON(Architectures.UNET2D_LESSON, 64, 1e-4);

    private final String architecture;
    private final int side;
    private final double rate;

    Subject(String architecture, int side, double rate) {
        this.architecture = architecture;
        this.side = side;
        this.rate = rate;
    }

    /** The network. */
    Architecture architecture() {
        return Architectures.named(architecture);
    }

    /** A network with random weights, always the same ones. */
    UNet create() {
        return UNet.create(architecture(), new ImageSize(side, side), 0);
    }

    /** Height and width of the images. */
    int side() {
        return side;
    }

    /** Channels of the images, in and out. */
    int channels() {
        return architecture().inChannels();
    }

    /** The learning rate of training steps. */
    double rate() {
        return rate;
    }
}
