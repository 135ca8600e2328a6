package dev.millrace.benchmarks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Rules of the house that a compiler does not know. */
@AnalyzeClasses(packages = "dev.millrace.benchmarks", importOptions = ArchitectureTest.OnlyTheProduct.class)
class ArchitectureTest {

    /** Any folder of compiled tests, also that of a quick build. */
    static final class OnlyTheProduct implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/test-classes/");
        }
    }

    @ArchTest
    static final ArchRule only_a_World_knows_time_chance_and_rest = noClasses()
            .should()
            .accessTargetWhere(DescribedPredicate.describe(
                    "reads a clock, draws a random number or sleeps", ArchitectureTest::isTimeChanceOrRest))
            .because("one place says what time it is");

    private static boolean isTimeChanceOrRest(JavaAccess<?> access) {
        var owner = access.getTargetOwner();
        var name = access.getTarget().getName();
        return switch (owner.getName()) {
            case "java.lang.System" -> name.equals("nanoTime") || name.equals("currentTimeMillis");
            case "java.lang.Thread", "java.util.concurrent.TimeUnit" -> name.equals("sleep");
            case "java.lang.Math", "java.lang.StrictMath" -> name.equals("random");
            case "java.util.UUID" -> name.equals("randomUUID");
            case "java.util.concurrent.ThreadLocalRandom" -> true;
            case "java.util.Random", "java.util.SplittableRandom", "java.security.SecureRandom" ->
                name.equals("<init>");
            case "java.time.Clock" -> name.startsWith("system") || name.startsWith("tick");
            default -> owner.getPackageName().equals("java.time") && name.equals("now");
        };
    }

    @ArchTest
    static final ArchRule the_contract_depends_on_nothing = classes()
            .that()
            .resideInAPackage("dev.millrace.benchmarks.contender")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("dev.millrace.benchmarks.contender", "java..", "org.jspecify.annotations")
            .because("a peer is written against it alone");

    @ArchTest
    static final ArchRule what_runs_in_a_child_knows_no_parent = noClasses()
            .that()
            .resideInAPackage("dev.millrace.benchmarks.trial")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.millrace.benchmarks")
            .because("they are two processes");

    @ArchTest
    static final ArchRule packages_form_no_cycles =
            slices().matching("dev.millrace.benchmarks.(*)..").should().beFreeOfCycles();
}
