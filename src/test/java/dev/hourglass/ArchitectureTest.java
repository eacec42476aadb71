package dev.hourglass;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The house: every package uses only those below it, and the rooms keep their rules. */
@Tag("once")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {

    /** From the ground up, as in ARCHITECTURE.md. */
    private static final List<String> FLOORS = List.of(
            "dev.hourglass.error..",
            "dev.hourglass.system..",
            "dev.hourglass.memory..",
            "dev.hourglass.io..",
            "dev.hourglass.kernel..",
            "dev.hourglass.parallel..",
            "dev.hourglass.graph..",
            "dev.hourglass.nn..",
            "dev.hourglass.unet..",
            "dev.hourglass.diffusion..",
            "dev.hourglass.train..",
            "dev.hourglass",
            "dev.hourglass.measure..",
            "dev.hourglass.cli..");

    private JavaClasses classes;

    @BeforeAll
    void read() {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.hourglass");
    }

    @Test
    void packagesUseOnlyThoseBelowThem() {
        for (int floor = 0; floor < FLOORS.size() - 1; floor++) {
            String[] above = FLOORS.subList(floor + 1, FLOORS.size()).toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(FLOORS.get(floor))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(above)
                    .check(classes);
        }
    }

    @Test
    void kernelsKnowNeitherTensorsNorThreadsNorFiles() {
        noClasses()
                .that()
                .resideInAPackage("dev.hourglass.kernel..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.hourglass.memory..", "dev.hourglass.io..", "java.util.concurrent..")
                .check(classes);
    }

    /** The order of its additions changes when a method is compiled, and the bits with it: results would not repeat. */
    @Test
    void noKernelButThatOfThePeakLetsTheCompilerChooseAnOrderOfAdditions() {
        noClasses()
                .that()
                .resideInAPackage("dev.hourglass..")
                .and()
                .doNotHaveSimpleName("VectorMultiplyAddChains")
                .should()
                .callMethodWhere(JavaCall.Predicates.target(HasName.Predicates.name("reduceLanes")))
                .check(classes);
    }

    @Test
    void networksKnowGraphsAndNotMemory() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.hourglass.nn..", "dev.hourglass.unet..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.lang.foreign..", "dev.hourglass.kernel.scalar..", "dev.hourglass.kernel.vector..")
                .check(classes);
    }

    @Test
    void onlyTheVectorTwinsUseTheVectorModule() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.hourglass.kernel.vector..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .check(classes);
    }

    @Test
    void onlyTheCommandLineUsesItsLibraries() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.hourglass.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("picocli..", "me.tongfei..", "org.knowm..")
                .check(classes);
    }

    @Test
    void onlyIoReadsJson() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.hourglass.io..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("tools.jackson..")
                .check(classes);
    }
}
