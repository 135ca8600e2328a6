package dev.millrace;

import org.jspecify.annotations.Nullable;

/** Which jobs: {@code f -> f.kind(SendInvoice.class).state(State.DISCARDED)}. Immutable; each method gives a changed copy. */
public final class Filter {

    static final int MAX_LIMIT = 1_000;

    static final Filter ALL = new Filter(null, null, null, null, 100);

    final @Nullable State state;
    final @Nullable String queue;
    final @Nullable String kind;
    final @Nullable JobId before;
    final int limit;

    private Filter(
            @Nullable State state, @Nullable String queue, @Nullable String kind, @Nullable JobId before, int limit) {
        this.state = state;
        this.queue = queue;
        this.kind = kind;
        this.before = before;
        this.limit = limit;
    }

    /** Only those in this state. */
    public Filter state(State state) {
        return new Filter(state, queue, kind, before, limit);
    }

    /** Only those of this queue. */
    public Filter queue(String name) {
        return new Filter(state, Bounds.name("A queue", name), kind, before, limit);
    }

    /** Only those of this kind. */
    public Filter kind(Class<? extends Job<?>> kind) {
        return kind(KindName.of(kind).name());
    }

    /** Only those of the kind with this wire name. */
    public Filter kind(String name) {
        return new Filter(state, queue, Bounds.name("A kind", name), before, limit);
    }

    /** Only older ones: the next page begins behind the last job of this one. */
    public Filter before(JobId last) {
        return new Filter(state, queue, kind, last, limit);
    }

    /** How many at most, up to 1,000. Default 100. */
    public Filter limit(int limit) {
        return new Filter(state, queue, kind, before, Bounds.count("The number of jobs on a page", limit, MAX_LIMIT));
    }
}
