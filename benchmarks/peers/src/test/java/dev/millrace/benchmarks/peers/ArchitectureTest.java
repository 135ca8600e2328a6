package dev.millrace.benchmarks.peers;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Instant;

@AnalyzeClasses(packages = "dev.millrace.benchmarks.peers", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule only_a_World_knows_the_time = noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .because("time comes from one place, here as everywhere");

    @ArchTest
    static final ArchRule a_peer_knows_nothing_of_Millrace = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.millrace", "dev.millrace.store..", "dev.millrace.node..", "dev.millrace.postgres..")
            .because("nothing of ours may help or hinder it");
}
