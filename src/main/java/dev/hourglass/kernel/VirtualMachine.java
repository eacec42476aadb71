package dev.hourglass.kernel;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** What this JVM can do for the vector twins. */
final class VirtualMachine {

    private VirtualMachine() {}

    /** Why vector code would be slow or impossible here, or {@code null}. */
    static String obstacleToVectors() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return "the module jdk.incubator.vector is missing; add --add-modules jdk.incubator.vector";
        }
        HotSpotDiagnosticMXBean hotspot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (hotspot == null
                || !System.getProperty("java.vm.name", "").contains("HotSpot")
                        && !System.getProperty("java.vm.name", "").contains("OpenJDK")) {
            return "the virtual machine is not HotSpot";
        }
        if (System.getProperty("java.vm.info", "").contains("interpreted mode")) {
            return "the just-in-time compiler is off";
        }
        String tier = option(hotspot, "TieredStopAtLevel", "4");
        if (!tier.equals("4") || option(hotspot, "UseJVMCICompiler", "false").equals("true")) {
            return "the C2 compiler is off";
        }
        if (option(hotspot, "UseFMA", "true").equals("false")) {
            return "the processor has no fused multiply-add";
        }
        return null;
    }

    private static String option(HotSpotDiagnosticMXBean hotspot, String name, String missing) {
        try {
            return hotspot.getVMOption(name).getValue();
        } catch (IllegalArgumentException e) {
            // this build of the virtual machine has no such option
            return missing;
        }
    }
}
