package dev.millrace.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Millrace;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The compiler is the first reviewer: what the API page says it refuses, it refuses, and for the reason told there. */
class CompilerRefusesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '`', textBlock = """
            millrace.enqueue("send-invoice");                                      ~ no suitable method found for enqueue(String)
            String s = millrace.enqueue(new SendInvoice(1)).get(ofSeconds(1));     ~ Receipt cannot be converted to String
            millrace.node().handle(SendInvoice.class, job -> "sent");              ~ String cannot be converted to Receipt
            millrace.node().handle(SendInvoice.class, job -> { mail(job); });      ~ bad return type in lambda expression missing return value
            millrace.node().handle(SendInvoice.class, job -> mail(job));           ~ void cannot be converted to Receipt
            millrace.node().decide(SendInvoice.class, (job, attempt) -> receipt);  ~ Receipt cannot be converted to Outcome
            Retry.none().on(String.class, e -> Outcome.cancel("no"));              ~ equality constraints: String upper bounds: Throwable
            Retry.none().on(IOException.class, e -> "again");                      ~ String cannot be converted to Outcome<?>
            Retry.none().never(String.class);                                      ~ Class<String> cannot be converted to Class<? extends Throwable>
            millrace.enqueue(new SendInvoice(1), o -> o.in(5));                    ~ int cannot be converted to Duration
            millrace.enqueue(new SendInvoice(1)).get();                            ~ method get in interface Handle<R> cannot be applied to given types; required: Duration
            millrace.node().enqueue(new SendInvoice(1));                           ~ symbol: method enqueue(SendInvoice) location: interface NodeBuilder
            millrace.node().retry(Retry.none());                                   ~ symbol: method retry(Retry) location: interface NodeBuilder
            millrace.node().handle(SendInvoice.class, send).retry(3);              ~ int cannot be converted to Retry
            millrace.start();                                                      ~ symbol: method start() location: variable millrace of type Millrace
            List<Handle<String>> h = millrace.enqueueAll(Stream.of(new SendInvoice(1)));            ~ equality constraints: String lower bounds: Receipt
            Handle<String> h = millrace.find(SendInvoice.class, id);                                ~ incompatible equality constraints String,Receipt
            millrace.batch(Stream.of(new SendInvoice(1)), new Publish("x"));                       ~ equality constraints: Image lower bounds: Receipt
            millrace.node().reduce(Publish.class, (job, parts, attempt) -> "text");                 ~ String cannot be converted to Album
            millrace.node().reduce(SendInvoice.class, (job, parts, attempt) -> receipt);            ~ equality constraints: SendInvoice upper bounds: Reduce<C,R>
            Schedule.cron("0 2 * * *");                                            ~ required: String,ZoneId found: String reason: actual and formal argument lists differ in length
            millrace.operations("mara").jobs(f -> f).run("why");                   ~ symbol: method run(String) location: class Selection
            millrace.operations("mara").jobs(f -> f).requeue().run();              ~ no suitable method found for run(no arguments)
            millrace.node().deadline(ofSeconds(1));                                ~ symbol: method deadline(Duration) location: interface NodeBuilder
            millrace.node().keepResult(ofHours(1));                                ~ symbol: method keepResult(Duration) location: interface NodeBuilder
            millrace.node().handle(SendInvoice.class, send).keepResult(3600);      ~ int cannot be converted to Duration
            millrace.enqueue(new SendInvoice(1), o -> o.at("tomorrow"));           ~ String cannot be converted to Instant
            millrace.node().schedule("s", Schedule.every(ofHours(1)), slot -> "x"); ~ bad return type in lambda expression String cannot be converted to Job<?>
            String s = switch (result) { case Completed(var r) -> r.number(); };                    ~ the switch expression does not cover all possible input values
            switch (outcome) { case Outcome.Done<Receipt> d -> {} case Outcome.Cancel<Receipt> c -> {} } ~ the switch statement does not cover all possible input values
            """)
    void what_is_wrong_does_not_compile(String statement, String because) {
        assertThat(complaints(statement))
                .isNotEmpty()
                .anySatisfy(complaint -> assertThat(complaint).contains(because));
    }

    /** Otherwise the table above would prove nothing: a misspelt import refuses everything. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "millrace.enqueue(new SendInvoice(1));",
                "Receipt r = millrace.enqueue(new SendInvoice(1), o -> o.in(ofSeconds(5))).get(ofSeconds(1));",
                "millrace.node().handle(SendInvoice.class, job -> receipt).retry(Retry.none());",
                "millrace.node().handle(SendInvoice.class, send);",
                "millrace.node().handle(SendInvoice.class, send).keepResult(ofHours(1));",
                "Schedule.cron(\"0 2 * * *\", java.time.ZoneId.of(\"Europe/Berlin\"));",
                "millrace.operations(\"mara\").jobs(f -> f).requeue().run(\"why\");",
                "millrace.node().schedule(\"s\", Schedule.every(ofHours(1)), slot -> new SendInvoice(1));",
                "millrace.node().handle(Mail.class, job -> { mail(job); });",
                "millrace.node().handle(Mail.class, job -> mail(job));",
                "millrace.node().decide(SendInvoice.class, (job, attempt) -> Outcome.done(receipt));",
                "Retry.none().on(IOException.class, e -> Outcome.cancel(e.getMessage())).never(IOException.class);",
                "List<Handle<Receipt>> h = millrace.enqueueAll(Stream.of(new SendInvoice(1)));",
                "Handle<Receipt> h = millrace.find(SendInvoice.class, id);",
                "Batch<Album> b = millrace.batch(Stream.of(new Thumbnail(1)), new Publish(\"x\"));",
                "Album a = millrace.findBatch(Publish.class, id).get(ofSeconds(1));",
                "millrace.node().reduce(Publish.class, (job, parts, attempt) -> new Album(parts.values().toList())).retry(Retry.none());",
                "millrace.node().reduce(Sweep.class, (job, parts, attempt) -> { mail(job); });",
                """
                String s = switch (result) {
                    case Completed(var r) -> r.number();
                    case Cancelled(var reason) -> reason;
                    case Discarded(var failure) -> failure.message();
                    case Pending(var state) -> state.toString();
                };
                """
            })
    void what_is_right_does(String statement) {
        assertThat(complaints(statement)).isEmpty();
    }

    private static final JavaCompiler COMPILER =
            Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "the tests run on a JDK");

    /** Shared: it remembers what it has read of the class path. */
    private static final JavaFileManager FILES = COMPILER.getStandardFileManager(null, Locale.ENGLISH, null);

    /** What the compiler says of it, each in one line, with simple names. */
    private static List<String> complaints(String statement) {
        var heard = new DiagnosticCollector<JavaFileObject>();
        var options = List.of(
                "-classpath",
                engine(),
                "-proc:none",
                "-d",
                System.getProperty("java.io.tmpdir"),
                "-XDshould-stop.ifNoError=FLOW");
        COMPILER.getTask(null, FILES, heard, options, null, List.of(source(statement)))
                .call();
        return heard.getDiagnostics().stream()
                .filter(said -> said.getKind() == Diagnostic.Kind.ERROR)
                .map(said -> said.getMessage(Locale.ENGLISH)
                        .replaceAll("\\b([a-z]+\\.)+(?=[A-Z])|Tried\\.", "")
                        .replaceAll("\\s+", " "))
                .toList();
    }

    private static String engine() {
        try {
            return Path.of(Millrace.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static JavaFileObject source(String statement) {
        var text = """
                import static java.time.Duration.*;
                import dev.millrace.*;
                import dev.millrace.Result.*;
                import java.io.IOException;
                import java.util.List;
                import java.util.stream.Stream;
                class Tried {
                    record Receipt(String number) {}
                    @Kind("send-invoice") record SendInvoice(long order) implements Job<Receipt> {}
                    record Image(int n) {}
                    record Album(List<Image> images) {}
                    @Kind("thumbnail") record Thumbnail(int n) implements Job<Image> {}
                    @Kind("publish") record Publish(String name) implements Reduce<Image, Album> {}
                    @Kind("sweep") record Sweep() implements Reduce<Image, Void> {}
                    @Kind("mail") record Mail(String to) implements Job<Void> {}
                    static void mail(Object about) {}
                    void tried(Millrace millrace, Receipt receipt, JobId id, Result<Receipt> result, Outcome<Receipt> outcome,
                            Handler<SendInvoice, Receipt> send) {
                        %s
                    }
                }
                """.formatted(statement);
        return new SimpleJavaFileObject(URI.create("string:///Tried.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }
}
