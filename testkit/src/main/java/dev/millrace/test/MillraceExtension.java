package dev.millrace.test;

import dev.millrace.Handlers;
import dev.millrace.Millrace;
import java.io.Serial;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Gives each test of JUnit a {@link TestMillrace} of its own, as a parameter, and closes it behind the test. A test that fails says with
 * which seed it ran.
 *
 * <pre>{@code
 * final Billing billing = new Billing();
 *
 * @RegisterExtension
 * final MillraceExtension jobs = MillraceExtension.with(node -> node.handle(SendInvoice.class, billing::send));
 *
 * @Test
 * void an_invoice_is_sent_once_a_day(TestMillrace millrace) { … }
 * }</pre>
 *
 * <p>{@code @ExtendWith(MillraceExtension.class)} gives one without a node. Only a program with JUnit on its class path needs this class.
 */
public final class MillraceExtension
        implements BeforeEachCallback, AfterEachCallback, ParameterResolver, TestExecutionExceptionHandler {

    private static final Namespace OWN = Namespace.create(MillraceExtension.class);

    private final Supplier<TestMillrace> opener;

    /** Without a node; for JUnit, and for {@code @ExtendWith}. */
    public MillraceExtension() {
        this(TestMillrace::with);
    }

    private MillraceExtension(Supplier<TestMillrace> opener) {
        this.opener = opener;
    }

    /** Each test begins with a node that runs these handlers. They are asked for before each test, after its fields are there. */
    public static MillraceExtension with(Handlers... modules) {
        var all = modules.clone();
        return new MillraceExtension(() -> TestMillrace.with(all));
    }

    /** The same with options: {@code withOptions(o -> o.seed(7).nodes(2), billing)}. */
    public static MillraceExtension withOptions(UnaryOperator<TestOptions> options, Handlers... modules) {
        var all = modules.clone();
        return new MillraceExtension(() -> TestMillrace.withOptions(options, all));
    }

    @Override
    public void beforeEach(ExtensionContext test) {
        test.getStore(OWN).put(this, opener.get());
    }

    @Override
    public void afterEach(ExtensionContext test) {
        var opened = test.getStore(OWN).remove(this, TestMillrace.class);
        if (opened != null) opened.close();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        var type = parameter.getParameter().getType();
        return type == TestMillrace.class || type == Millrace.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        var opened = test.getStore(OWN).get(this, TestMillrace.class);
        if (opened == null)
            throw new ParameterResolutionException(
                    "A TestMillrace is given to test methods, and to methods with @BeforeEach or @AfterEach: each test has one of its own.");
        return opened;
    }

    @Override
    public void handleTestExecutionException(ExtensionContext test, Throwable failure) throws Throwable {
        var opened = test.getStore(OWN).get(this, TestMillrace.class);
        if (opened != null) failure.addSuppressed(new Replay(opened));
        throw failure;
    }

    /** Stands among what a failure suppressed, where every tool shows it. */
    private static final class Replay extends RuntimeException {

        @Serial
        private static final long serialVersionUID = 1L;

        Replay(TestMillrace millrace) {
            super(
                    "The test was played with seed %d, and failed when it was %s there. To play it again: -D%s=%d, or o -> o.seed(%d)."
                            .formatted(
                                    millrace.seed(),
                                    millrace.now(),
                                    TestOptions.SEED_PROPERTY,
                                    millrace.seed(),
                                    millrace.seed()),
                    null,
                    false,
                    false);
        }
    }
}
