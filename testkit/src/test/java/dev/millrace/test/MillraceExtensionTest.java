package dev.millrace.test;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import dev.millrace.Millrace;
import dev.millrace.test.Shop.Billing;
import dev.millrace.test.Shop.SendInvoice;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

class MillraceExtensionTest {

    private final Billing billing = new Billing();

    @RegisterExtension
    private final MillraceExtension jobs = MillraceExtension.with(Shop.sending(billing));

    @BeforeEach
    void enqueue(TestMillrace millrace) {
        millrace.enqueue(new SendInvoice(1));
    }

    @Test
    void a_test_is_given_its_millrace(TestMillrace millrace) {
        millrace.advance(ZERO);

        assertThat(billing.sent).containsExactly(1L);
        assertThat(millrace.enqueued(SendInvoice.class)).hasSize(1);
    }

    @Test
    void the_next_test_is_given_another_one(TestMillrace millrace, Millrace same) {
        assertThat(same).isSameAs(millrace);
        assertThat(millrace.enqueued(SendInvoice.class)).hasSize(1);
        assertThat(billing.sent).isEmpty();
    }

    @Test
    void a_failure_says_with_which_seed_it_was_played() {
        var failure = failureOf("a_test_that_fails");

        assertThat(failure).hasMessage("as it should");
        assertThat(failure.getSuppressed())
                .singleElement()
                .satisfies(note -> assertThat(note)
                        .hasMessageContaining("seed 7")
                        .hasMessageContaining("2027-01-01T00:00:30Z")
                        .hasMessageContaining("-Dmillrace.test.seed=7"));
    }

    @Test
    void a_crash_that_never_happened_fails_its_test() {
        assertThat(failureOf("a_test_whose_crash_never_happens"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("crashAfter(\"send-invoice\")");
    }

    private static Throwable failureOf(String test) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectMethod(Failing.class.getName() + "#" + test + "(dev.millrace.test.TestMillrace)"))
                .build();
        var summary = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, summary);
        var failures = summary.getSummary().getFailures();
        assertThat(failures).hasSize(1);
        return failures.get(0).getException();
    }

    /** Not found by the build: its name does not end in Test. */
    static class Failing {

        @RegisterExtension
        final MillraceExtension jobs = MillraceExtension.withOptions(o -> o.seed(7), Shop.sending(new Billing()));

        @Test
        void a_test_that_fails(TestMillrace millrace) {
            millrace.advance(ofSeconds(30));
            throw new AssertionError("as it should");
        }

        @Test
        void a_test_whose_crash_never_happens(TestMillrace millrace) {
            millrace.crashAfter("send-invoice");
        }
    }
}
