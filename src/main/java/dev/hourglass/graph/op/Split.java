package dev.hourglass.graph.op;

/** Cuts a run of elements into items of fixed size, so that the split depends on the length alone. */
public final class Split {

    /** Elements of an item: 64 KiB of floats, a multiple of every vector width. */
    static final int CHUNK = 16_384;

    private Split() {}

    static int items(long length, int chunk) {
        return Math.toIntExact((length + chunk - 1) / chunk);
    }

    /** How many items so many elements make. */
    public static int items(long elements) {
        return items(elements, CHUNK);
    }

    /** The first element of an item. */
    public static long from(int item) {
        return (long) item * CHUNK;
    }

    /** The element after an item's last, of so many elements in all. */
    public static long to(int item, long elements) {
        return Math.min(from(item) + CHUNK, elements);
    }
}
