package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** The tensors of several safetensors files under one index; every tensor lies in the file that the index names, and only there. */
final class ShardedTensors implements Tensors {

    private final ShardIndex index;
    private final Map<Path, Safetensors> shards;

    private ShardedTensors(ShardIndex index, Map<Path, Safetensors> shards) {
        this.index = index;
        this.shards = shards;
    }

    /**
     * Opens all files that an index names, and checks that they hold what it says.
     *
     * @throws HourglassException when the index or one of the files is missing or damaged, or they disagree
     */
    static ShardedTensors open(Path indexFile) {
        ShardIndex index = ShardIndex.read(indexFile);
        requireFiles(index);
        ShardedTensors tensors = new ShardedTensors(index, new LinkedHashMap<>());
        try {
            for (Path file : new LinkedHashSet<>(index.shards().values())) {
                tensors.shards.put(file, Safetensors.open(file));
            }
            tensors.requireAgreement();
            return tensors;
        } catch (RuntimeException e) {
            tensors.close();
            throw e;
        }
    }

    private static void requireFiles(ShardIndex index) {
        List<String> missing = index.shards().values().stream()
                .distinct()
                .filter(file -> !Files.isRegularFile(file))
                .map(file -> file.getFileName().toString())
                .toList();
        if (!missing.isEmpty()) {
            List<String> found = new ArrayList<>();
            Problems.describe(found, "missing", missing);
            throw HourglassException.what("the weights are incomplete")
                    .where(index.file())
                    .expected("beside it, all files that the index names")
                    .found(String.join("; ", found))
                    .mend("fetch the missing files into this folder")
                    .build();
        }
    }

    private void requireAgreement() {
        List<String> missing = new ArrayList<>();
        index.shards().forEach((name, file) -> {
            if (!shards.get(file).contains(name)) {
                missing.add(Problems.quote(name) + " in " + file.getFileName());
            }
        });
        List<String> misplaced = new ArrayList<>();
        shards.forEach((file, shard) -> shard.names().forEach(name -> {
            if (!file.equals(index.shards().get(name))) {
                misplaced.add(Problems.quote(name) + " in " + file.getFileName());
            }
        }));
        if (missing.isEmpty() && misplaced.isEmpty()) {
            return;
        }
        List<String> found = new ArrayList<>();
        Problems.describe(found, "missing", missing);
        Problems.describe(found, "where the index does not put them", misplaced);
        throw HourglassException.what("the weights' files do not hold what their index says")
                .where(index.file())
                .expected(index.shards().size() + " tensors, each in the file that the index names, and only there")
                .found(String.join("; ", found))
                .mend("fetch the index and all files again, from one and the same model")
                .build();
    }

    @Override
    public Path file() {
        return index.file();
    }

    @Override
    public Path file(String name) {
        return shard(name).file();
    }

    @Override
    public List<TensorEntry> entries() {
        return index.shards().keySet().stream().map(this::entry).toList();
    }

    @Override
    public boolean contains(String name) {
        return index.shards().containsKey(name);
    }

    @Override
    public TensorEntry entry(String name) {
        return shard(name).entry(name);
    }

    @Override
    public void copyFloats(String name, long first, MemorySegment target) {
        shard(name).copyFloats(name, first, target);
    }

    @Override
    public void close() {
        shards.values().forEach(Safetensors::close);
    }

    private Safetensors shard(String name) {
        Path file = index.shards().get(name);
        if (file == null) {
            throw Problems.noTensor(index.file(), name, index.shards().keySet());
        }
        return shards.get(file);
    }
}
