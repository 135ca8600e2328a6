package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs: {@code f -> f.kind(SendInvoice.class).state(State.DISCARDED).failedWith(TooManyRequests.class).since(ofHours(6))}. Immutable; each method
 * gives a changed copy. What is said several times counts as said last.
 */
public final class Filter {

    static final int MAX_LIMIT = 1_000;

    static final Filter ALL = new Filter(new Said());

    final @Nullable State state;
    final @Nullable String queue;
    final @Nullable String kind;
    final @Nullable Class<?> type;
    final @Nullable String tenant;
    final @Nullable String tag;
    final @Nullable String failedWith;
    final @Nullable String fingerprint;
    final @Nullable String text;
    final @Nullable Duration ago;
    final @Nullable Instant since;
    final @Nullable Instant until;
    final @Nullable JobId before;
    final int limit;
    final boolean everything;

    /** What was said; changed before anybody else sees it. */
    private static final class Said {
        @Nullable
        State state;

        @Nullable
        String queue;

        @Nullable
        String kind;

        /** By which the kind was said. */
        @Nullable
        Class<?> type;

        @Nullable
        String tenant;

        @Nullable
        String tag;

        @Nullable
        String failedWith;

        @Nullable
        String fingerprint;

        @Nullable
        String text;

        @Nullable
        Duration ago;

        @Nullable
        Instant since;

        @Nullable
        Instant until;

        @Nullable
        JobId before;

        int limit = 100;
        boolean everything;
    }

    private Filter(Said said) {
        this.state = said.state;
        this.queue = said.queue;
        this.kind = said.kind;
        this.type = said.type;
        this.tenant = said.tenant;
        this.tag = said.tag;
        this.failedWith = said.failedWith;
        this.fingerprint = said.fingerprint;
        this.text = said.text;
        this.ago = said.ago;
        this.since = said.since;
        this.until = said.until;
        this.before = said.before;
        this.limit = said.limit;
        this.everything = said.everything;
        if (since != null && until != null && since.isAfter(until))
            throw new MillraceException(
                    "Nothing ended both at %s or later and at %s or earlier: the filter selects nothing. Say since(…) with the earlier of the two, and until(…) with the later."
                            .formatted(since, until));
    }

    private Filter with(Consumer<Said> change) {
        var said = new Said();
        said.state = state;
        said.queue = queue;
        said.kind = kind;
        said.type = type;
        said.tenant = tenant;
        said.tag = tag;
        said.failedWith = failedWith;
        said.fingerprint = fingerprint;
        said.text = text;
        said.ago = ago;
        said.since = since;
        said.until = until;
        said.before = before;
        said.limit = limit;
        said.everything = everything;
        change.accept(said);
        return new Filter(said);
    }

    /** Only those in this state. */
    public Filter state(State state) {
        return with(f -> {
            f.state = state;
        });
    }

    /** Only those of this queue. */
    public Filter queue(String name) {
        return with(f -> {
            f.queue = Bounds.name("A queue", name);
        });
    }

    /** Only those of this kind. */
    public Filter kind(Class<? extends Job<?>> kind) {
        var name = KindName.of(kind).name();
        return with(f -> {
            f.kind = name;
            f.type = kind;
        });
    }

    /** Only those of the kind with this wire name. */
    public Filter kind(String name) {
        return with(f -> {
            f.kind = Bounds.name("A kind", name);
            f.type = null;
        });
    }

    /** Only those of this tenant. */
    public Filter tenant(String tenant) {
        return with(f -> {
            f.tenant = Bounds.word("A tenant", tenant);
        });
    }

    /** Only those with this tag. */
    public Filter tag(String tag) {
        return with(f -> {
            f.tag = Bounds.word("A tag", tag);
        });
    }

    /** Only those whose last failure was of this class itself, none of its subclasses: the name is what is stored. */
    public Filter failedWith(Class<? extends Throwable> type) {
        return failedWith(type.getName());
    }

    /** Only those whose last failure was of the class with this name, or of this word of the engine, such as {@code timed out}. */
    public Filter failedWith(String type) {
        return with(f -> {
            f.failedWith = Bounds.word("The type of a failure", type);
        });
    }

    /** Only those whose last failure came from one place in the code: see {@link Failure#fingerprint}. */
    public Filter fingerprint(String fingerprint) {
        return with(f -> {
            f.fingerprint = Bounds.word("A fingerprint", fingerprint);
        });
    }

    /**
     * Only those with this text in the payload, or in what the last failure said, whatever the case of its letters. The payload is searched as it is stored:
     * of one that is compressed or encrypted nothing sensible is found, and where the codec does either, a change of many jobs is refused.
     */
    public Filter text(String text) {
        return with(f -> {
            f.text = Bounds.word("The text to look for", text);
        });
    }

    /**
     * Only those that ended within this span before now; of those that have not ended: were enqueued. On the store's clock.
     *
     * @param ago 1 ms to ten years
     */
    public Filter since(Duration ago) {
        var checked = Bounds.span("The span to look back", ago, Bounds.DELAY);
        return with(f -> {
            f.ago = checked;
            f.since = null;
        });
    }

    /**
     * Only those that ended at this moment or later; of those that have not ended: were enqueued.
     *
     * @param moment from 1970 to the year 3000
     */
    public Filter since(Instant moment) {
        var checked = Bounds.moment("The moment since which", moment);
        return with(f -> {
            f.since = checked;
            f.ago = null;
        });
    }

    /**
     * Only those that ended at this moment or earlier; of those that have not ended: were enqueued.
     *
     * @param moment from 1970 to the year 3000
     */
    public Filter until(Instant moment) {
        var checked = Bounds.moment("The moment until which", moment);
        return with(f -> {
            f.until = checked;
        });
    }

    /** Only older ones: the next page begins behind the last job of this one. For lists. */
    public Filter before(JobId last) {
        return with(f -> {
            f.before = last;
        });
    }

    /** How many at most, up to 1,000. Default 100. For lists. */
    public Filter limit(int limit) {
        return with(f -> {
            f.limit = Bounds.count("The number of jobs on a page", limit, MAX_LIMIT);
        });
    }

    /**
     * All jobs of the state are meant, if all are met, and nothing was forgotten. Without it a change of many jobs needs something more than a state; and if that
     * is a time or a text, it must leave some out: {@link Plan#meetsAll}.
     */
    public Filter everything() {
        return with(f -> {
            f.everything = true;
        });
    }

    /** Whether it names what the jobs are: a queue, a kind, a tenant, a tag, a failure. A time or a text may be said that leaves nothing out. */
    boolean names() {
        return queue != null
                || kind != null
                || tenant != null
                || tag != null
                || failedWith != null
                || fingerprint != null;
    }

    /** What is said of time and text, for people. */
    String vague() {
        var said = new StringBuilder();
        say(said, "text", text);
        say(said, "since", ago == null ? since : Words.duration(ago) + " ago");
        say(said, "until", until);
        return said.toString();
    }

    /** Whether something is said that only a walk through the jobs can tell. */
    boolean looksInside() {
        return tenant != null
                || tag != null
                || failedWith != null
                || fingerprint != null
                || text != null
                || ago != null
                || since != null
                || until != null;
    }

    /** For people: what is said, by name. */
    @Override
    public String toString() {
        var said = new StringBuilder();
        say(said, "state", state == null ? null : state.wireName());
        say(said, "queue", queue);
        say(said, "kind", kind);
        say(said, "tenant", tenant);
        say(said, "tag", tag);
        say(said, "failed with", failedWith);
        say(said, "fingerprint", fingerprint);
        say(said, "text", text);
        say(said, "since", ago == null ? since : Words.duration(ago) + " ago");
        say(said, "until", until);
        return said.isEmpty() ? "all jobs" : said.toString();
    }

    /** To be compared: the same text for filters that say the same, and another one for others. */
    String exactly() {
        var said = new StringBuilder();
        say(said, "state", quoted(state == null ? null : state.wireName()));
        say(said, "queue", quoted(queue));
        say(said, "kind", quoted(kind));
        say(said, "tenant", quoted(tenant));
        say(said, "tag", quoted(tag));
        say(said, "failed with", quoted(failedWith));
        say(said, "fingerprint", quoted(fingerprint));
        say(said, "text", quoted(text));
        say(said, "since", ago == null ? since : "the last " + ago);
        say(said, "until", until);
        return said.toString();
    }

    private static @Nullable String quoted(@Nullable String word) {
        return word == null ? null : '"' + word.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static void say(StringBuilder said, String name, @Nullable Object value) {
        if (value == null) return;
        if (!said.isEmpty()) said.append(", ");
        said.append(name).append(' ').append(value);
    }
}
