package dev.millrace.app.cli;

import dev.millrace.Filter;
import dev.millrace.State;
import dev.millrace.app.console.Durations;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which jobs. */
final class FilterOptions {

    @Option(
            names = "--state",
            paramLabel = "STATE",
            description = "Only these: scheduled, available, running, retryable, completed, cancelled or discarded.")
    @Nullable
    String state;

    @Option(names = "--queue", paramLabel = "NAME", description = "Only those of this queue.")
    @Nullable
    String queue;

    @Option(names = "--kind", paramLabel = "NAME", description = "Only those of this kind.")
    @Nullable
    String kind;

    @Option(names = "--tenant", paramLabel = "NAME", description = "Only those of this tenant.")
    @Nullable
    String tenant;

    @Option(names = "--tag", paramLabel = "TAG", description = "Only those with this tag.")
    @Nullable
    String tag;

    @Option(
            names = "--failed-with",
            paramLabel = "CLASS",
            description = "Only those whose last failure was of this class, such as java.io.IOException.")
    @Nullable
    String failedWith;

    @Option(
            names = "--fingerprint",
            paramLabel = "TEXT",
            description = "Only those whose last failure came from one place; `millrace job` shows it.")
    @Nullable
    String fingerprint;

    @Option(
            names = "--text",
            paramLabel = "TEXT",
            description = "Only those with this text in the payload or in what the last failure said.")
    @Nullable
    String text;

    @Option(
            names = "--since",
            paramLabel = "SPAN",
            converter = Durations.class,
            description = "Only those that ended within this span; of those that have not ended, were enqueued.")
    @Nullable
    Duration since;

    Filter applied(Filter f) {
        if (state != null) f = f.state(State.of(state));
        if (queue != null) f = f.queue(queue);
        if (kind != null) f = f.kind(kind);
        if (tenant != null) f = f.tenant(tenant);
        if (tag != null) f = f.tag(tag);
        if (failedWith != null) f = f.failedWith(failedWith);
        if (fingerprint != null) f = f.fingerprint(fingerprint);
        if (text != null) f = f.text(text);
        if (since != null) f = f.since(since);
        return f;
    }

    /** Whether all jobs of the state are looked at, since only a walk through them tells. */
    boolean looksInside() {
        return tenant != null
                || tag != null
                || failedWith != null
                || fingerprint != null
                || text != null
                || since != null;
    }

    boolean any() {
        return state != null || queue != null || kind != null || looksInside();
    }
}
