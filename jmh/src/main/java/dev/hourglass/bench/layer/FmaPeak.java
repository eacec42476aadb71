package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.Work;
import dev.hourglass.parallel.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** As many multiply-adds as the processor can do: twelve independent chains in registers on every thread, no memory. */
final class FmaPeak implements Work {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int STEPS = 1 << 18;

    private final Workers workers;
    private final float[] results;
    private final Workers.Task task = this::chains;

    FmaPeak(int threads) {
        workers = new Workers(threads);
        results = new float[threads];
    }

    /** Multiply-adds of a run. */
    long multiplyAdds() {
        return (long) results.length * CHAINS * SPECIES.length() * STEPS;
    }

    @Override
    public void run() {
        workers.run(task, results.length);
    }

    /** Written out: an array of vectors, or a helper that takes one, would put them on the heap. */
    private void chains(int item, int worker) {
        FloatVector scale = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector shift = FloatVector.broadcast(SPECIES, 0.001f);
        FloatVector a0 = shift;
        FloatVector a1 = shift;
        FloatVector a2 = shift;
        FloatVector a3 = shift;
        FloatVector a4 = shift;
        FloatVector a5 = shift;
        FloatVector a6 = shift;
        FloatVector a7 = shift;
        FloatVector a8 = shift;
        FloatVector a9 = shift;
        FloatVector a10 = shift;
        FloatVector a11 = shift;
        for (int step = 0; step < STEPS; step++) {
            a0 = a0.fma(scale, shift);
            a1 = a1.fma(scale, shift);
            a2 = a2.fma(scale, shift);
            a3 = a3.fma(scale, shift);
            a4 = a4.fma(scale, shift);
            a5 = a5.fma(scale, shift);
            a6 = a6.fma(scale, shift);
            a7 = a7.fma(scale, shift);
            a8 = a8.fma(scale, shift);
            a9 = a9.fma(scale, shift);
            a10 = a10.fma(scale, shift);
            a11 = a11.fma(scale, shift);
        }
        FloatVector low = a0.add(a1).add(a2).add(a3).add(a4).add(a5);
        FloatVector high = a6.add(a7).add(a8).add(a9).add(a10).add(a11);
        results[item] = low.add(high).lane(0);
    }

    @Override
    public float[] result() {
        return results.clone();
    }

    @Override
    public void close() {
        workers.close();
    }
}
