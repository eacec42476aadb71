package dev.hourglass.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** What no run of a kernel shows for certain: whether C2 boxes here depends on what else the process has compiled before. */
class AttentionSoftmaxTest {

    @Test
    void theLoopsOverAColumnAreTooLargeToBeInlined() throws IOException {
        int largest = Integer.parseInt(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("FreqInlineSize")
                .getValue());
        int size = codeSize(AttentionSoftmax.class, "column");
        assertTrue(size > largest, size + " bytes of code, and C2 inlines hot methods of up to " + largest);
    }

    private static int codeSize(Class<?> type, String method) throws IOException {
        try (InputStream file = type.getResourceAsStream(type.getSimpleName() + ".class")) {
            MethodModel found = ClassFile.of().parse(file.readAllBytes()).methods().stream()
                    .filter(candidate -> candidate.methodName().equalsString(method))
                    .findFirst()
                    .orElseThrow();
            return ((CodeAttribute) found.code().orElseThrow()).codeLength();
        }
    }
}
