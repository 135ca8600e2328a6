package dev.millrace;

import dev.millrace.node.SchedulePlan;
import dev.millrace.store.Timetable.ScheduleCard;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** When the slots of a schedule with a name come. What runs at them is said {@linkplain Timed by code} or {@linkplain SetTimed was stored}. */
abstract sealed class NamedSchedule implements SchedulePlan permits Timed, SetTimed {

    final Engine engine;
    final ScheduleCard card;
    final Schedule schedule;

    NamedSchedule(Engine engine, ScheduleCard card, Schedule schedule) {
        this.engine = engine;
        this.card = card;
        this.schedule = schedule;
    }

    @Override
    public final ScheduleCard card() {
        return card;
    }

    @Override
    public final List<Instant> due(Instant after, Instant now, int most) {
        return schedule.due(after, now, most);
    }

    @Override
    public final Optional<Instant> next(Instant after) {
        return schedule.next(after);
    }

    @Override
    public final boolean afterEach() {
        return schedule.isAfterEach();
    }

    /** So much later a run begins, by chance; null if at once. Who asked for a run wants it now: no jitter then. */
    final @Nullable Duration jitter(boolean asked) {
        var most = schedule.jitter();
        return asked || most.isZero()
                ? null
                : Duration.ofMillis(engine.world().random().nextLong(most.toMillis() + 1));
    }
}
