package dev.hourglass.measure;

import java.util.ArrayDeque;
import java.util.Deque;

/** What was opened one by one and is closed together, the last first. */
final class Resources implements AutoCloseable {

    private final Deque<Runnable> closers = new ArrayDeque<>();

    /** Takes over the closing of something. */
    <T> T add(T resource, Runnable close) {
        closers.push(close);
        return resource;
    }

    @Override
    public void close() {
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }
}
