package dev.hourglass.bench.roofline;

import dev.hourglass.bench.peer.FmaPeak;
import dev.hourglass.bench.peer.Timings;
import dev.hourglass.bench.peer.Turns;
import dev.hourglass.bench.peer.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Kernels on one thread beside what bounds them (Williams, Waterman and Patterson, "Roofline", 2009): the processor's multiply-adds and
 * the bandwidth of streams about as large as the kernels' operands.
 *
 * @param peak GFLOP/s, a multiply-add being two
 * @param streams from small to large
 * @param outcomes kernel by kernel
 */
record Roofline(double peak, List<Bandwidth> streams, List<Outcome> outcomes) {

    /**
     * A kernel's.
     *
     * @param operations of a run, 0 where they are not counted
     * @param bytes of a run
     * @param stream what bounds its memory
     * @param arithmeticBound GFLOP/s that the processor allows by the textbook, for the kernel's algorithm
     * @param bytesAllocated by a run, on the heap
     */
    record Outcome(
            Kernel kernel,
            Timings timings,
            double operations,
            double bytes,
            Bandwidth stream,
            double arithmeticBound,
            double bytesAllocated) {

        double gigaflops() {
            return operations / timings.median() / 1e6;
        }

        double gigabytes() {
            return bytes / timings.median() / 1e6;
        }

        /** GB/s that memory allows. */
        double memoryBound() {
            return stream.bound(kernel.inPlace());
        }

        /** Whether the processor bounds it and not memory. */
        boolean boundByArithmetic() {
            return operations / arithmeticBound > bytes / memoryBound();
        }

        /** The share of what the bound allows. */
        double reached() {
            return boundByArithmetic() ? gigaflops() / arithmeticBound : gigabytes() / memoryBound();
        }
    }

    /** Times all of it in turns. */
    static Roofline measure(List<Kernel> kernels, Turns turns) {
        List<Work> works = new ArrayList<>();
        try {
            FmaPeak chains = new FmaPeak(1);
            works.add(chains);
            List<Stream> streams = Bandwidth.streams();
            works.addAll(streams);
            Map<Kernel, KernelRun> runs = new HashMap<>();
            for (Kernel kernel : kernels) {
                KernelRun run = kernel.open().get();
                runs.put(kernel, run);
                works.add(run);
            }
            Map<Work, Timings> timings = timed(works, turns);
            // whatever disturbs a bound can only make it less, so the best sample is the bound
            double peak = chains.gigaflops(timings.get(chains).min());
            List<Bandwidth> bandwidths = Bandwidth.of(
                    streams,
                    stream -> 1e-6 * stream.bytes() / timings.get(stream).min());
            List<Outcome> outcomes = new ArrayList<>();
            for (Kernel kernel : kernels) {
                KernelRun run = runs.get(kernel);
                outcomes.add(outcome(kernel, run, timings.get(run), peak, bandwidths));
            }
            return new Roofline(peak, bandwidths, outcomes);
        } finally {
            works.forEach(Work::close);
        }
    }

    private static Map<Work, Timings> timed(List<Work> works, Turns turns) {
        double[][] millis = turns.time(works);
        Map<Work, Timings> timings = new HashMap<>();
        for (int k = 0; k < millis.length; k++) {
            timings.put(works.get(k), new Timings("Hourglass", millis[k]));
        }
        return timings;
    }

    private static Outcome outcome(
            Kernel kernel, KernelRun run, Timings timings, double peak, List<Bandwidth> bandwidths) {
        return new Outcome(
                kernel,
                timings,
                run.operations(),
                run.bytes(),
                Bandwidth.beside(bandwidths, run.bytes(), kernel.inPlace()),
                peak * kernel.saving(),
                Turns.bytesPerRun(run));
    }
}
