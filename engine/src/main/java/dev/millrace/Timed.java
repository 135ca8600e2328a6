package dev.millrace;

import dev.millrace.node.SchedulePlan;
import dev.millrace.store.NewJob;
import dev.millrace.store.Timetable.ScheduleCard;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A schedule with a name, and what runs at its slots. */
final class Timed implements SchedulePlan {

    private final Engine engine;
    private final ScheduleCard card;
    private final Schedule schedule;
    private final Function<? super ZonedDateTime, ? extends Job<?>> jobOf;
    private final UnaryOperator<JobOptions> options;

    Timed(
            Engine engine,
            String name,
            Schedule schedule,
            Function<? super ZonedDateTime, ? extends Job<?>> jobOf,
            UnaryOperator<JobOptions> options) {
        this.engine = engine;
        this.card = new ScheduleCard(
                Bounds.name("A schedule", name), ScheduleText.timesOf(schedule), ScheduleText.policyOf(schedule));
        this.schedule = schedule;
        this.jobOf = jobOf;
        this.options = options;
    }

    @Override
    public ScheduleCard card() {
        return card;
    }

    @Override
    public List<Instant> due(Instant after, Instant now, int most) {
        return schedule.due(after, now, most);
    }

    @Override
    public Optional<Instant> next(Instant after) {
        return schedule.next(after);
    }

    @Override
    public boolean afterEach() {
        return schedule.isAfterEach();
    }

    @Override
    public NewJob job(Instant slot, boolean asked) {
        var local = slot.atZone(schedule.zone());
        var job = jobOf.apply(local);
        if (job == null)
            throw new MillraceException(
                    "The schedule %s made null of the slot %s. Return a job; whether there is something to do is for its handler to see."
                            .formatted(card.name(), local));
        var made = engine.sender().of(job, engine.kind(job.getClass()), o -> said(o, local, asked));
        if (made.idempotency() != null)
            throw new MillraceException(
                    "The schedule %s gave its job an idempotency key, or its record does. A slot is enqueued once by itself: leave the key out."
                            .formatted(card.name()));
        return made;
    }

    /** Who asked for a run wants it now: no jitter then. */
    private JobOptions said(JobOptions own, ZonedDateTime slot, boolean asked) {
        var of = own.slot(card.name(), slot);
        return options.apply(asked || schedule.jitter().isZero() ? of : of.in(chance(schedule.jitter())));
    }

    private Duration chance(Duration most) {
        return Duration.ofMillis(engine.world().random().nextLong(most.toMillis() + 1));
    }
}
