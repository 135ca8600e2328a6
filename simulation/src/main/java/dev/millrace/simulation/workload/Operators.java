package dev.millrace.simulation.workload;

import dev.millrace.MillraceException;
import dev.millrace.Scope;
import dev.millrace.State;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** People at work: they cancel, requeue, pause and resume while everything runs. */
final class Operators implements Workload {

    private static final String ME = "the simulation";

    @Override
    public String name() {
        return "operators";
    }

    @Override
    public void plan(Office on) {
        for (int i = on.random().nextInt(12); i > 0; i--) on.sometime("an operator cancels", () -> cancel(on));
        for (int i = on.random().nextInt(6); i > 0; i--) on.sometime("an operator requeues", () -> requeue(on));
        if (on.random().nextInt(3) == 0) pauseFor(on, Scope.queue("second"));
        if (on.random().nextInt(3) == 0) pauseFor(on, Scope.kind("narrow"));
    }

    /** After so long an operator looks whether what was resumed is so still. */
    private static final Duration LOOKED_AGAIN = Duration.ofMinutes(2);

    static void cancel(Office on) {
        var job = on.anyJob();
        if (job == null) return;
        on.intended().cancelling(job);
        try {
            on.store().cancel(job, "no longer needed", ME).ifPresent(state -> {
                if (state == State.CANCELLED) on.intended().cancelled(job);
                on.fleet().trace().tell("job %s is withdrawn: %s", job, state);
            });
        } catch (MillraceException unheard) {
            on.fleet().trace().tell("job %s is perhaps withdrawn", job);
            on.intended().perhapsCancelled(job);
        }
    }

    static void requeue(Office on) {
        var job = on.anyJob();
        if (job == null) return;
        on.intended().requeued(job); // before the answer: it may be lost
        on.fleet().poison().requeued(job);
        try {
            var before = on.store().requeue(job, "it is to run again", ME);
            on.fleet().trace().tell("job %s is requeued: it was %s", job, before.orElse(null));
        } catch (MillraceException unheard) {
            on.fleet().trace().tell("job %s is perhaps requeued", job);
        }
    }

    static void pauseFor(Office on, Scope scope) {
        pauseFor(on, scope, null);
    }

    /** @param end after so long it ends by itself, if nobody was faster; null if somebody has to resume it */
    static void pauseFor(Office on, Scope scope, @Nullable Duration end) {
        var from = Duration.ofNanos(on.random().nextLong(on.hours().toNanos()));
        on.at(from, "an operator pauses", () -> {
            on.fleet().trace().tell(end == null ? "%s is paused" : "%s is paused for %s", scope, end);
            on.insist(() -> on.fleet()
                    .store()
                    .pause(
                            scope,
                            "maintenance",
                            ME,
                            end == null ? null : on.fleet().storeNow().plus(end)));
        });
        var until = from.plusSeconds(1 + on.random().nextInt(15));
        on.at(until, "an operator resumes", () -> resume(on, scope));
        on.at(until.plus(LOOKED_AGAIN), "an operator looks again", () -> {
            if (isPaused(on, scope)) resume(on, scope); // a failover has lost the word
        });
    }

    private static void resume(Office on, Scope scope) {
        on.fleet().trace().tell("%s is resumed", scope);
        on.insist(() -> on.fleet().store().resume(scope, ME));
    }

    private static boolean isPaused(Office on, Scope scope) {
        var is = new boolean[1];
        on.insist(() -> is[0] = on.fleet().store().pauses().stream()
                .anyMatch(pause -> pause.scope().equals(scope)));
        return is[0];
    }
}
