package dev.hourglass.measure;

import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.MemoryBudget;
import dev.hourglass.system.ProcFile;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What figures depend on besides the code.
 *
 * @param processor its name where the system tells it, its kind otherwise
 * @param processors how many the JVM may use
 * @param memoryBytes the most that may be used
 * @param system the operating system
 * @param java the virtual machine and its version
 * @param kernels which twins run, and why
 * @param vectorBits the width of their vectors; 0 for the scalar twins
 * @param load processes that wanted a processor in the last minute; negative where the system does not say
 */
public record Machine(
        String processor,
        int processors,
        long memoryBytes,
        String system,
        String java,
        String kernels,
        int vectorBits,
        double load) {

    /** The machine this runs on. The load is that of the moment: ask before anything is timed. */
    public static Machine here() {
        return new Machine(
                ProcFile.CPU_INFO.field("model name").orElse(System.getProperty("os.arch")),
                Runtime.getRuntime().availableProcessors(),
                MemoryBudget.limit(),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.vm.name") + " " + Runtime.version(),
                Backend.kernels().reason(),
                Backend.kernels().bits(),
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    /** Processor, memory and system in one line. */
    public String describe() {
        return processor + ", " + processors + " processors, " + MemoryBudget.format(memoryBytes) + ", " + system;
    }

    /** The most memory that this process ever held, in bytes; -1 where the system does not say. */
    public static long peakMemory() {
        return ProcFile.STATUS
                .field("VmHWM")
                .map(text -> Long.parseLong(text.replaceAll("\\D", "")) << 10)
                .orElse(-1L);
    }

    /** The fields as a JSON object. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("processor", processor);
        json.put("processors", processors);
        json.put("memory_bytes", memoryBytes);
        json.put("system", system);
        json.put("java", java);
        json.put("kernels", kernels);
        json.put("vector_bits", vectorBits);
        json.put("load_average", load < 0 ? null : load);
        return json;
    }
}
