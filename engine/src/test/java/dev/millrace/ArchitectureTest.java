package dev.millrace;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.millrace.world.World;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Rules of the house that a compiler does not know. */
@AnalyzeClasses(packages = "dev.millrace", importOptions = ArchitectureTest.OnlyTheProduct.class)
class ArchitectureTest {

    /** Any folder of compiled tests, also that of a quick build. */
    static final class OnlyTheProduct implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/test-classes/");
        }
    }

    private static final String FRONT = "dev.millrace";
    private static final String WORLD = "dev.millrace.world";
    private static final String STORE = "dev.millrace.store";
    private static final String MEMORY = "dev.millrace.memory";
    private static final String NODE = "dev.millrace.node";
    private static final String CRON = "dev.millrace.cron";
    private static final String[] JDK = {
        "java.lang..",
        "java.util..",
        "java.time..",
        "java.io..",
        "java.net",
        "java.nio..",
        "java.math",
        "java.text",
        "java.security..",
        "java.sql",
        "javax.crypto..",
        "javax.sql"
    };

    @ArchTest
    static final ArchRule only_a_World_knows_time_chance_and_rest = noClasses()
            .that()
            .doNotImplement(World.class)
            .should()
            .accessTargetWhere(DescribedPredicate.describe(
                    "reads a clock, draws a random number or sleeps", ArchitectureTest::isTimeChanceOrRest))
            .because("a run can be replayed from its seed only if all of them come through World");

    private static boolean isTimeChanceOrRest(JavaAccess<?> access) {
        var owner = access.getTargetOwner();
        var name = access.getTarget().getName();
        return switch (owner.getName()) {
            case "java.lang.System" -> name.equals("nanoTime") || name.equals("currentTimeMillis");
            case "java.lang.Thread" -> name.equals("sleep");
            case "java.lang.Math", "java.lang.StrictMath" -> name.equals("random");
            case "java.util.UUID" -> name.equals("randomUUID");
            case "java.util.concurrent.TimeUnit" -> name.equals("sleep");
            case "java.util.concurrent.ThreadLocalRandom" -> true;
            case "java.util.Random", "java.util.SplittableRandom", "java.security.SecureRandom" ->
                name.equals("<init>") || name.startsWith("getInstance");
            case "java.time.Clock" -> name.startsWith("system") || name.startsWith("tick");
            default -> owner.getPackageName().equals("java.time") && name.equals("now");
        };
    }

    @ArchTest
    static final ArchRule the_world_depends_on_nothing = classes()
            .that()
            .resideInAPackage(WORLD)
            .should()
            .onlyDependOnClassesThat(areJdkOr(WORLD))
            .because("it is the seam to everything outside, and everything depends on it");

    @ArchTest
    static final ArchRule the_storage_contract_knows_no_implementation_and_no_caller = classes()
            .that()
            .resideInAPackage(STORE)
            .should()
            .onlyDependOnClassesThat(areJdkOr(WORLD, STORE, FRONT))
            .because("a store for another database is written against it alone");

    @ArchTest
    static final ArchRule the_store_in_memory_knows_no_node = classes()
            .that()
            .resideInAPackage(MEMORY)
            .should()
            .onlyDependOnClassesThat(areJdkOr(WORLD, STORE, MEMORY, FRONT))
            .because("it is one implementation of the contract among others");

    @ArchTest
    static final ArchRule a_node_knows_no_store_but_the_contract = classes()
            .that()
            .resideInAPackage(NODE)
            .should()
            .onlyDependOnClassesThat(areJdkOr(WORLD, STORE, NODE, FRONT))
            .because("it must not matter to it which store it works on");

    @ArchTest
    static final ArchRule cron_expressions_know_neither_zone_nor_engine = classes()
            .that()
            .resideInAPackage(CRON)
            .should()
            .onlyDependOnClassesThat(areJdkOr(CRON, FRONT))
            .because("what a text means is a pure function; what becomes of it in a zone is said by a schedule");

    @ArchTest
    static final ArchRule arrows_point_downwards = noClasses()
            .that()
            .resideInAnyPackage(WORLD, STORE, MEMORY, NODE, CRON)
            .should()
            .dependOnClassesThat(new ReachesBelow())
            .because(
                    "what is below may use the vocabulary of dev.millrace (types that depend on nothing below), and nothing else of it");

    @ArchTest
    static final ArchRule packages_form_no_cycles = slices().matching("dev.millrace.(*)..")
            .should()
            .beFreeOfCycles()
            .because("two packages that need each other are one package");

    @ArchTest
    static final ArchRule the_engine_needs_the_JDK_and_nothing_else = classes()
            .should()
            .onlyDependOnClassesThat(areJdkOr(FRONT, WORLD, STORE, MEMORY, NODE, CRON))
            .because(
                    "an application that takes the engine takes no library with it: java.base, java.sql and java.logging are enough");

    @ArchTest
    static final ArchRule static_state_never_changes = fields().that()
            .areStatic()
            .and(DescribedPredicate.describe(
                    "are written by people",
                    (JavaField field) -> !field.getModifiers().contains(JavaModifier.SYNTHETIC)))
            .should(neverChange())
            .because("two engines run in one process, and a simulation runs many: they share nothing");

    private static DescribedPredicate<JavaClass> areJdkOr(String... packages) {
        var allowed = Set.of(packages);
        var jdk = JavaClass.Predicates.resideInAnyPackage(JDK);
        return DescribedPredicate.describe(
                "are of the JDK or of " + String.join(", ", packages),
                type -> type.isPrimitive()
                        || type.isArray()
                        || allowed.contains(type.getPackageName())
                        || type.getPackageName().equals("org.jspecify.annotations")
                        || jdk.test(type));
    }

    /** Types of the front door that lead, at once or through others of it, to a package below. */
    private static final class ReachesBelow extends DescribedPredicate<JavaClass> {

        private final Map<JavaClass, Boolean> known = new HashMap<>();

        ReachesBelow() {
            super("are of the front door and lead below it");
        }

        @Override
        public boolean test(JavaClass type) {
            return type.getPackageName().equals(FRONT)
                    && known.computeIfAbsent(type, asked -> leadsBelow(asked, new HashSet<>()));
        }

        private static boolean leadsBelow(JavaClass type, Set<JavaClass> seen) {
            if (!type.getPackageName().startsWith(FRONT)) return false;
            if (!type.getPackageName().equals(FRONT)) return true;
            if (!seen.add(type)) return false;
            return type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .anyMatch(target -> leadsBelow(target, seen));
        }
    }

    private static ArchCondition<JavaField> neverChange() {
        return new ArchCondition<>("never change") {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                boolean constant = field.getModifiers().contains(JavaModifier.FINAL) && isImmutable(valueOf(field));
                events.add(new SimpleConditionEvent(field, constant, field.getDescription() + " may change"));
            }
        };
    }

    private static @Nullable Object valueOf(JavaField field) {
        try {
            var reflected = field.reflect();
            reflected.setAccessible(true);
            return reflected.get(null);
        } catch (IllegalAccessException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** As far as a look at the value tells: a holder of a changeable thing that is not one itself passes. */
    private static boolean isImmutable(@Nullable Object value) {
        if (value == null || value instanceof Enum<?> || value instanceof System.Logger || value instanceof Pattern)
            return true;
        var type = value.getClass();
        if (value instanceof Collection<?> || value instanceof Map<?, ?>)
            return type.getName().startsWith("java.util.ImmutableCollections");
        if (value instanceof Comparator<?>
                || type.getPackageName().equals("java.time")
                || type.getPackageName().equals("java.lang"))
            return !type.isArray() && !(value instanceof ThreadLocal<?>) && !(value instanceof StringBuilder);
        return type.getPackageName().startsWith(FRONT)
                && Arrays.stream(type.getDeclaredFields())
                        .allMatch(field ->
                                Modifier.isStatic(field.getModifiers()) || Modifier.isFinal(field.getModifiers()));
    }
}
