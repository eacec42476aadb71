package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.Work;
import java.util.Optional;

/** Something that can run single layers. */
interface LayerEngine {

    /** Its name in tables; engines that differ in memory format alone share one, and the faster counts. */
    String name();

    /** Makes a layer ready to run; nothing when the engine has no such layer. */
    Optional<Work> prepare(Layer layer, LayerData data, int threads);
}
