package dev.millrace;

import dev.millrace.store.JobTemplate;
import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Timetable.ScheduleCard;
import dev.millrace.store.Timetable.SetSchedule;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A schedule that was set at run time: no code of this process makes its jobs, all that they have is stored. */
final class SetTimed extends NamedSchedule {

    /** 16 KiB: all of them are in the memory of the node that fires them. What is larger belongs in a table. */
    static final int PAYLOAD_BYTES = 16 * 1024;

    private final JobTemplate template;

    private SetTimed(Engine engine, ScheduleCard card, Schedule schedule, JobTemplate template) {
        super(engine, card, schedule);
        this.template = template;
    }

    /** As it was stored; null if this build can't read it. */
    static @Nullable SetTimed read(Engine engine, SetSchedule stored) {
        var schedule = ScheduleText.read(stored.card().times(), stored.card().policy());
        return schedule == null ? null : new SetTimed(engine, stored.card(), schedule, stored.job());
    }

    /**
     * As it is to be stored.
     *
     * @param job makes the job of a slot, given what is said of it beside its slot
     */
    static SetSchedule written(
            String name,
            Schedule when,
            Function<UnaryOperator<JobOptions>, NewJob> job,
            UnaryOperator<JobOptions> options) {
        Bounds.name("A schedule", name);
        var some = ZonedDateTime.ofInstant(Instant.EPOCH, when.zone());
        return new SetSchedule(
                new ScheduleCard(name, ScheduleText.timesOf(when), ScheduleText.policyOf(when)),
                template(name, when, job.apply(said -> options.apply(said.slot(name, some)))));
    }

    private static JobTemplate template(String name, Schedule when, NewJob made) {
        if (made.idempotency() != null)
            throw refused(name, "an idempotency key", "A slot is enqueued once by itself: leave the key out");
        if (made.due() instanceof Due.After)
            throw refused(
                    name,
                    "others that it runs after",
                    "The slots of the schedule say when it runs: leave after(…) out, and enqueue from its handler what shall wait");
        if (made.due() != null)
            throw refused(
                    name,
                    "a time of its own, by in, at or debounce",
                    "The slots of the schedule say when it runs: leave it out, and use jitter(…) where it may come somewhat later");
        int bytes = made.payload().bytes();
        if (bytes > PAYLOAD_BYTES)
            throw refused(
                    name,
                    "a payload of %,d bytes".formatted(bytes),
                    "At most %,d are kept with a schedule: keep what is larger in a table, and say where it is"
                            .formatted(PAYLOAD_BYTES));
        var expires = made.expiresAfter();
        if (expires != null && expires.compareTo(when.jitter()) <= 0)
            throw refused(
                    name,
                    "an expiry of %s, and a jitter of %s"
                            .formatted(Words.duration(expires), Words.duration(when.jitter())),
                    "Some runs could never start: make the expiry longer");
        var headers = new TreeMap<>(made.headers());
        headers.remove(JobOptions.SCHEDULE);
        headers.remove(JobOptions.SLOT);
        return new JobTemplate(
                made.queue(),
                made.priority(),
                made.spread(),
                made.kind(),
                made.kindVersion(),
                made.payload(),
                headers,
                made.expiresAfter(),
                made.unique());
    }

    private static MillraceException refused(String name, String what, String instead) {
        return new MillraceException("The schedule %s can't be set: its job has %s. %s. Nothing was changed."
                .formatted(name, what, instead));
    }

    @Override
    public NewJob job(Instant slot, boolean asked) {
        var headers = new TreeMap<>(template.headers());
        headers.put(JobOptions.SCHEDULE, card.name());
        headers.put(JobOptions.SLOT, slot.atZone(schedule.zone()).toString());
        var later = jitter(asked);
        var due = later == null ? null : new Due.In(later);
        return template.job(engine.newId(), headers, due);
    }
}
