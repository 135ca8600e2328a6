package dev.millrace.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Millrace;
import dev.millrace.app.CommandLineFixture;
import dev.millrace.app.console.ExitCode;
import dev.millrace.postgres.PostgresStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Before a deploy: a jar as a user builds it, held against what waits. It compiles, so it runs in another JVM than the quick tests: behind javac in theirs the help of commands was seen to be empty now and then, but not with -XX:TieredStopAtLevel=1, so the optimising compiler is likely at fault. */
class CheckCommandIT {

    private static final String SOURCE = """
            package com.example;

            import dev.millrace.*;

            public final class Jobs implements Handlers {

                @Kind(value = "pay", version = 2)
                public record Pay(long order, String currency) implements Job<String> {
                    @Kind("pay")
                    public record V1(long order) {}
                }

                @Override
                public void addTo(NodeBuilder node) {
                    node.handle(Pay.class, job -> { throw new AssertionError("a handler ran"); })
                            .upcast(Pay.V1.class, Pay.class, v1 -> new Pay(v1.order(), "EUR"));
                    System.out.println("what a logger prints");
                }
            }

            final class WithoutUpcast implements Handlers {
                @Override
                public void addTo(NodeBuilder node) {
                    node.handle(Jobs.Pay.class, job -> "paid");
                }
            }

            class App {
                static void register(NodeBuilder node) {
                    node.with(new Jobs());
                }

                static Handlers forCheck() {
                    return new NeedsBilling("none");
                }

                static class Nested extends NeedsBilling {
                    Nested() {
                        super("none");
                    }
                }
            }

            class NeedsBilling implements Handlers {
                NeedsBilling(String billing) {}

                @Override
                public void addTo(NodeBuilder node) {
                    new Jobs().addTo(node);
                }
            }

            abstract class Abstract implements Handlers {}

            final class Throwing implements Handlers {
                Throwing() {
                    throw new IllegalStateException("BILLING_URL is not set.");
                }

                @Override
                public void addTo(NodeBuilder node) {}
            }

            final class Starting implements Handlers {
                @Override
                public void addTo(NodeBuilder node) {
                    node.handle(Jobs.Pay.class, job -> "paid").retry(Retry.none()).start();
                }
            }

            class Lib {}

            final class UsesLib implements Handlers {
                private final Lib lib = new Lib();

                @Override
                public void addTo(NodeBuilder node) {
                    node.handle(Jobs.Pay.class, job -> "paid " + lib);
                }
            }

            final class Newer implements Handlers {
                @Override
                public void addTo(NodeBuilder node) {}
            }
            """;

    @TempDir
    static Path folder;

    private static Path jar = Path.of("app.jar");

    private final CommandLineFixture line = new CommandLineFixture(PostgresStore.json());

    /** A jar without a class that one of its own needs, and with one that a Java compiled that is not there yet. */
    @BeforeAll
    static void build() throws IOException {
        var source = Files.writeString(folder.resolve("Jobs.java"), SOURCE);
        var classes = Files.createDirectories(folder.resolve("classes"));
        int failed = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "--release",
                        "21",
                        "-proc:none",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-d",
                        classes.toString(),
                        source.toString());
        assertThat(failed).isZero();
        jar = folder.resolve("app.jar");
        try (var out = new JarOutputStream(Files.newOutputStream(jar));
                var files = Files.walk(classes)) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                var name = classes.relativize(file).toString().replace('\\', '/');
                if (name.endsWith("/Lib.class")) continue;
                var bytes = Files.readAllBytes(file);
                if (name.endsWith("/Newer.class")) bytes[7] = 99;
                out.putNextEntry(new JarEntry(name));
                out.write(bytes);
            }
        }
    }

    private CommandLineFixture.Ran check(String handlers, String... more) {
        var arguments = new ArrayList<>(List.of(
                "check",
                "--jar",
                jar.toString(),
                "--data",
                folder.resolve("none").toString()));
        arguments.addAll(List.of("--handlers", handlers));
        arguments.addAll(List.of(more));
        return line.run(arguments.toArray(String[]::new));
    }

    private String enqueued(String kind, String payload, String... options) {
        var command = new ArrayList<>(List.of("enqueue", kind, payload));
        command.addAll(List.of(options));
        var ran = line.run(command.toArray(String[]::new));
        assertThat(ran.exit()).as(ran.err()).isZero();
        return ran.out().strip();
    }

    private void refused(ExitCode code, CommandLineFixture.Ran ran, String... says) {
        assertThat(ran.exit()).as(ran.err()).isEqualTo(code.number());
        assertThat(ran.err()).contains(says);
    }

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    @Test
    void a_build_that_reads_what_waits_passes_and_nothing_is_run_or_changed() {
        var old = enqueued("pay", "{\"order\":1}");
        enqueued("pay", "{\"order\":2,\"currency\":\"EUR\"}", "--version", "2", "--in", "1d");

        var ran = check("com.example.Jobs");

        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(ran.out()).isEqualTo("""
                        OK        The only waiting job of kind "pay" version 1 decodes with this build.
                        OK        The only waiting job of kind "pay" version 2 decodes with this build.
                        """.replace("\n", System.lineSeparator()));
        assertThat(ran.err()).contains("Nothing was run or changed.");
        assertThat(json(line.run("job", old, "--json").out()).get("state").stringValue())
                .isEqualTo("available");
        try (var millrace = Millrace.on(line.store())) {
            assertThat(millrace.operations("a test").nodes()).isEmpty();
        }
    }

    @Test
    void what_does_not_decode_is_counted_told_and_a_code_of_its_own() {
        for (int i = 0; i < 3; i++) enqueued("pay", "{\"order\":%d}".formatted(i), "--queue", "billing");
        enqueued("pay", "{\"order\":2,\"currency\":\"EUR\"}", "--version", "2");

        var ran = check("com.example.WithoutUpcast");

        assertThat(ran.exit()).isEqualTo(ExitCode.UNREADABLE.number()).isEqualTo(12);
        assertThat(ran.out())
                .contains("UNREAD    All 3 waiting jobs of kind \"pay\" version 1 do not decode with this build. Job ")
                .contains("Register the way up: upcast(V1.class, …)");
        assertThat(ran.err()).contains("would leave jobs waiting");
        assertThat(check("com.example.WithoutUpcast", "--queue", "default").exit())
                .isZero();
        assertThat(check("com.example.WithoutUpcast", "--queue", "biling", "--queue", "default")
                        .err())
                .contains("There is no queue \"biling\" yet; there are billing, default.");
    }

    @Test
    void where_only_some_were_looked_at_it_says_so() {
        for (int i = 0; i < 5; i++) enqueued("pay", "{\"order\":%d}".formatted(i));

        assertThat(check("com.example.WithoutUpcast", "--sample", "2").out())
                .contains(
                        "All 2 of 5 waiting jobs of kind \"pay\" version 1 that were looked at do not decode with this build.");
        refused(ExitCode.USAGE, check("com.example.Jobs", "--sample", "0"), "It is 1 to 10,000: 1 would do.");
    }

    @Test
    void kinds_without_a_handler_are_a_note_and_count_if_that_is_said() {
        enqueued("mail", "{}");

        var ran = check("com.example.Jobs");

        assertThat(ran.exit()).isZero();
        assertThat(ran.out())
                .contains("NOTE      No handler in this build for 1 waiting job of kind \"mail\" version 1.");
        var strict = check("com.example.Jobs", "--strict");
        assertThat(strict.exit()).isEqualTo(12);
        assertThat(strict.out()).contains("MISSING   No handler");
    }

    @Test
    void a_program_reads_one_value_whatever_the_handlers_print() {
        var job = enqueued("pay", "{\"order\":\"seven\"}");

        var ran = check("com.example.Jobs", "--json");

        assertThat(ran.exit()).isEqualTo(12);
        var json = json(ran.out());
        assertThat(json.get("verdict").stringValue()).isEqualTo("failed");
        assertThat(json.get("complete").booleanValue()).isTrue();
        var kind = json.get("kinds").get(0);
        assertThat(kind.get("waiting").get("count").intValue()).isEqualTo(1);
        assertThat(kind.get("looked").intValue()).isEqualTo(1);
        assertThat(kind.get("refused").intValue()).isEqualTo(1);
        assertThat(kind.get("handled").booleanValue()).isTrue();
        assertThat(kind.get("example").stringValue()).isEqualTo(job);
        assertThat(kind.get("why").stringValue()).contains("does not fit");
    }

    @Test
    void a_static_method_may_give_the_handlers_or_add_them() {
        enqueued("pay", "{\"order\":1}");

        for (var name : List.of(
                "com.example.App::register",
                "com.example.App::forCheck",
                "com.example.App.Nested",
                "com.example.App$Nested")) {
            var ran = check(name);
            assertThat(ran.exit()).as("%s: %s", name, ran.err()).isZero();
            assertThat(ran.out()).contains("decodes with this build");
        }
    }

    @Test
    void a_directory_of_classes_or_jars_will_do() throws IOException {
        enqueued("pay", "{\"order\":1}");
        var lib = Files.createDirectories(folder.resolve("lib"));
        Files.copy(jar, lib.resolve("app.jar"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);

        for (var place : List.of(folder.resolve("classes"), lib)) {
            var ran = line.run(
                    "check",
                    "--jar",
                    place.toString(),
                    "--handlers",
                    "com.example.Jobs",
                    "--data",
                    folder.resolve("none").toString());
            assertThat(ran.exit()).as(ran.err()).isZero();
        }
    }

    @Test
    void what_can_not_be_loaded_is_told_as_what_it_is() throws IOException {
        refused(
                ExitCode.USAGE,
                check("com.example.Job"),
                "There is no class com.example.Job in",
                "These there implement dev.millrace.Handlers: com.example.Jobs, ");
        refused(
                ExitCode.USAGE,
                check("com.example.App"),
                "com.example.App does not implement dev.millrace.Handlers. It has com.example.App::forCheck, com.example.App::register.");
        refused(ExitCode.USAGE, check("com.example.App::registr"), "no static method \"registr\"", "App::register");
        refused(ExitCode.USAGE, check("com.example.Abstract"), "is abstract");
        refused(
                ExitCode.USAGE,
                check("com.example.NeedsBilling"),
                "has no constructor without parameters; it has NeedsBilling(String)");
        refused(
                ExitCode.FAILED,
                check("com.example.Throwing"),
                "The constructor of com.example.Throwing threw java.lang.IllegalStateException: BILLING_URL is not set.");
        refused(ExitCode.USAGE, check("com.example.UsesLib"), "needs the class com.example.Lib", "Add the jar");
        refused(
                ExitCode.USAGE,
                check("com.example.Newer"),
                "com.example.Newer was compiled for Java 55, and this program runs on Java "
                        + Runtime.version().feature());
        refused(ExitCode.REFUSED, check("com.example.Starting"), "a check joins no fleet");
        refused(
                ExitCode.USAGE,
                check("com.example.Jobs", "--jar", folder.resolve("none.jar").toString()),
                "there is no such file");
        var text = Files.writeString(folder.resolve("text.jar"), "no jar");
        refused(ExitCode.USAGE, check("com.example.Jobs", "--jar", text.toString()), "is no jar that can be read");
        var empty = Files.createDirectories(folder.resolve("empty"));
        refused(ExitCode.USAGE, check("com.example.Jobs", "--jar", empty.toString()), "without a jar or a class in it");
    }

    @Test
    void names_are_alike_by_their_letters() {
        assertThat(UserCode.distance("Job", "Jobs")).isEqualTo(1);
        assertThat(UserCode.distance("", "Jobs")).isEqualTo(4);
        assertThat(UserCode.distance("Jobs", "Mail")).isEqualTo(4);
    }
}
