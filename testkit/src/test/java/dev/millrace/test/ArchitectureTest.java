package dev.millrace.test;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

@AnalyzeClasses(packages = "dev.millrace.test", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule no_real_time_gets_in = noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(ThreadLocalRandom.class, "current")
            .because("a test is played by its seed alone");

    @ArchTest
    static final ArchRule only_the_extension_needs_JUnit = noClasses()
            .that()
            .doNotHaveSimpleName("MillraceExtension")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.junit..")
            .because("who tests with something else has no JUnit");

    @ArchTest
    static final ArchRule the_kit_needs_the_engine_alone = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "dev.millrace",
                    "dev.millrace.node",
                    "dev.millrace.store",
                    "dev.millrace.world",
                    "dev.millrace.test",
                    "java..",
                    "org.junit..",
                    "org.jspecify..")
            .because("it is on the class path of every test of an application");
}
