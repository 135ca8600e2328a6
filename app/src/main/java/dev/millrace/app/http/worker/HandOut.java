package dev.millrace.app.http.worker;

import dev.millrace.Attempt;
import dev.millrace.Outcome;
import dev.millrace.RawJob;
import dev.millrace.Settlement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that the node has started for a worker: it waits until the worker asks for work, is handed out, and waits for what the worker decides.
 * What changes is guarded by its session.
 */
public final class HandOut {

    /** Ends the wait of one that the worker will not get: it costs no attempt, as if its node were shut down. */
    private static final Outcome<String> BACK =
            Outcome.snooze(Duration.ZERO, "No worker had asked for it; it costs no attempt.");

    private final String id;
    private final String token;
    private final RawJob job;
    private final Attempt attempt;
    private final @Nullable String checkpoint;

    private final CompletableFuture<Boolean> taken = new CompletableFuture<>();
    private final CompletableFuture<Decision> decided = new CompletableFuture<>();
    private final CompletableFuture<Settlement> settled = new CompletableFuture<>();

    private boolean out;
    private @Nullable String decision;

    HandOut(String id, String token, RawJob job, Attempt attempt, @Nullable String checkpoint) {
        this.id = id;
        this.token = token;
        this.job = job;
        this.attempt = attempt;
        this.checkpoint = checkpoint;
    }

    /** Its name in the session. */
    public String id() {
        return id;
    }

    /** What proves that a worker was given it. */
    public String token() {
        return token;
    }

    /** The job. */
    public RawJob job() {
        return job;
    }

    /** The attempt. */
    public Attempt attempt() {
        return attempt;
    }

    /** Where the attempt before had come to, as text; null if it left nothing. */
    public @Nullable String checkpoint() {
        return checkpoint;
    }

    /** How many characters the worker gets, about. */
    long size() {
        return job.payload().length() + (checkpoint == null ? 0L : checkpoint.length());
    }

    // ---- on the handler's thread

    /** Whether it was handed out: false if it is to go back. */
    CompletableFuture<Boolean> taken() {
        return taken;
    }

    /** What to return from the handler. */
    Outcome<String> outcome() throws InterruptedException {
        try {
            return switch (decided.get()) {
                case Decision.Ends(var outcome, var print) -> outcome;
                case Decision.Fails(var failure, var print) -> throw failure;
            };
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    static Outcome<String> back() {
        return BACK;
    }

    // ---- guarded by the session

    /** Whether the worker has it. */
    boolean isOut() {
        return out;
    }

    void goesOut() {
        out = true;
        taken.complete(true);
    }

    /** The worker will not get it. */
    void goesBack() {
        taken.complete(false);
    }

    /** What the worker has decided, as a short text; null if nothing yet. */
    @Nullable
    String decision() {
        return decision;
    }

    void decide(Decision said) {
        decision = said.print();
        decided.complete(said);
    }

    CompletableFuture<Settlement> settled() {
        return settled;
    }
}
