package dev.hourglass.io;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Tensors under other names than their file gives them, or with other axes around the same elements. */
final class RenamedTensors implements Tensors {

    private final Tensors stored;
    private final Map<String, TensorEntry> entries;
    private final Map<String, String> storedNames;

    /**
     * A view.
     *
     * @param entries all tensors as they are to be seen, by name
     * @param storedNames the names in the file of those that have another one there, by the name they are seen under
     */
    RenamedTensors(Tensors stored, Map<String, TensorEntry> entries, Map<String, String> storedNames) {
        this.stored = stored;
        this.entries = entries;
        this.storedNames = storedNames;
    }

    @Override
    public Path file() {
        return stored.file();
    }

    @Override
    public Path file(String name) {
        return stored.file(storedName(name));
    }

    @Override
    public List<TensorEntry> entries() {
        return List.copyOf(entries.values());
    }

    @Override
    public boolean contains(String name) {
        return entries.containsKey(name);
    }

    @Override
    public TensorEntry entry(String name) {
        requireTensor(name);
        return entries.get(name);
    }

    @Override
    public void copyFloats(String name, long first, MemorySegment target) {
        stored.copyFloats(storedName(name), first, target);
    }

    @Override
    public void close() {
        stored.close();
    }

    private String storedName(String name) {
        requireTensor(name);
        return storedNames.getOrDefault(name, name);
    }

    private void requireTensor(String name) {
        if (!contains(name)) {
            throw Problems.noTensor(stored.file(), name, entries.keySet());
        }
    }
}
