package dev.millrace;

import dev.millrace.store.NewJob;
import dev.millrace.store.Timetable.ScheduleCard;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A schedule with a name, and what runs at its slots. */
final class Timed extends NamedSchedule {

    private final Function<? super ZonedDateTime, ? extends Job<?>> jobOf;
    private final UnaryOperator<JobOptions> options;

    Timed(
            Engine engine,
            String name,
            Schedule schedule,
            Function<? super ZonedDateTime, ? extends Job<?>> jobOf,
            UnaryOperator<JobOptions> options) {
        super(
                engine,
                new ScheduleCard(
                        Bounds.name("A schedule", name),
                        ScheduleText.timesOf(schedule),
                        ScheduleText.policyOf(schedule)),
                schedule);
        this.jobOf = jobOf;
        this.options = options;
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
        if (made.due() instanceof NewJob.Due.After)
            throw new MillraceException(
                    "The schedule %s made a job of the slot %s that runs after others. A slot has its own time: leave after(…) out, and enqueue from its handler what shall wait."
                            .formatted(card.name(), local));
        return made;
    }

    private JobOptions said(JobOptions own, ZonedDateTime slot, boolean asked) {
        var of = own.slot(card.name(), slot);
        var later = jitter(asked);
        return options.apply(later == null ? of : of.in(later));
    }
}
