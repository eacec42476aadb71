package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Scaled dot-product attention over heads (arXiv 1706.03762): {@code y = softmax(scale q k' + bias) v}, for self- and
 * cross-attention. The matrix of scores never exists as a whole: the softmax runs along with the keys (arXiv 1805.02867), and backward
 * computes scores again from each row's log-sum-exp (arXiv 2205.14135).
 *
 * <p>{@code q} and {@code y} are {@code [n, tq, heads * dim]}, {@code k} and {@code v} {@code [n, tk, heads * dim]}, with the strides of
 * the {@link AttentionGeometry}; gradients lie like what they are gradients of. {@code bias} is {@code [n, tk]}, added to the scores of a
 * key for all queries and heads, or {@code null} for none; minus infinity leaves a key out, but one key of each image must stay. The
 * log-sum-exp {@code lse} and {@code delta} are {@code [n, heads, tq]}.
 *
 * <p>Work comes in items whose number depends on the shape alone; the result of an item does not depend on the others.
 */
public interface Attention {

    /** Bytes of scratch memory that each worker needs for any method of this geometry. */
    long workspaceBytes(AttentionGeometry g);

    /** The number of items {@link #forward} and {@link #queryGradient} are split into. */
    int queryItems(AttentionGeometry g);

    /**
     * One item of {@code y}.
     *
     * @param lse receives the natural logarithm of each row's sum of exponentials; {@code null} where no gradients follow
     */
    void forward(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment y,
            MemorySegment lse,
            MemorySegment workspace,
            int item);

    /**
     * One item of the gradient of the queries, and of {@code delta}, the inner products of {@code y} and {@code dy} over each head's
     * channels.
     *
     * @param dq {@code null} for none: then only {@code delta} is computed
     */
    void queryGradient(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment y,
            MemorySegment lse,
            MemorySegment dy,
            MemorySegment delta,
            MemorySegment dq,
            boolean accumulate,
            MemorySegment workspace,
            int item);

    /** The number of items {@link #keyValueGradient} is split into. */
    int keyItems(AttentionGeometry g);

    /**
     * One item of the gradients of keys and values; runs when {@code delta} is complete. {@code dk} is written before {@code dv}, so
     * that they may be one tensor when {@code accumulateValue} is set.
     *
     * @param dk {@code null} for none
     * @param dv {@code null} for none
     */
    void keyValueGradient(
            AttentionGeometry g,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment bias,
            MemorySegment lse,
            MemorySegment dy,
            MemorySegment delta,
            MemorySegment dk,
            boolean accumulateKey,
            MemorySegment dv,
            boolean accumulateValue,
            MemorySegment workspace,
            int item);
}
