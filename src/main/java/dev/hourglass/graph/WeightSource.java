package dev.hourglass.graph;

import java.lang.foreign.MemorySegment;

/** Where {@link Weights} lie before they are in memory: a model's files. Used by one thread at a time. */
public interface WeightSource extends AutoCloseable {

    /**
     * Copies one parameter, in memory order.
     *
     * @param target memory of the parameter's size
     * @throws dev.hourglass.error.HourglassException when it cannot be read (any more)
     */
    void read(Parameter parameter, MemorySegment target);

    /** Says that nothing more will be read. Closing twice is harmless. */
    @Override
    void close();
}
