package dev.hourglass.kernel.vector;

import dev.hourglass.system.ProcFile;
import java.util.Optional;

/** What the cost of an algorithm depends on beside the vectors' width. Java does not tell who made the processor; Linux does. */
final class Processor {

    /**
     * Whether a core reads a third-level cache at half the speed of its second or more. On AMD's with AVX-512 that is so, measured on
     * Zen 5 (PERF.md); the mesh of an Intel server gives a core a fifth, and a Zen 3 whose neighbours are loud no more than memory does.
     */
    static final boolean FAST_THIRD_LEVEL =
            Width.MANY_REGISTERS && ProcFile.CPU_INFO.field("vendor_id").equals(Optional.of("AuthenticAMD"));

    private Processor() {}
}
