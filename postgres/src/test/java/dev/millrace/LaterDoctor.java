package dev.millrace;

import dev.millrace.store.Observations;
import dev.millrace.store.Storage;
import java.time.Duration;
import java.util.List;

/** The doctor, to whom so much time has passed since: what a server shows can't be made older. */
public final class LaterDoctor {

    private LaterDoctor() {}

    /** What it makes of the store. */
    public static Checkup checkup(Storage store, Duration later) {
        var seen = store.observe();
        return Doctor.checkup(
                new Observations(seen.now().plus(later), seen.parked(), seen.pauses(), seen.held(), seen.server()),
                store.seeQueues(),
                store.seeNodes(),
                store.seeSchedules(),
                store.seeUnfinished(Doctor.OPERATIONS),
                List.of());
    }
}
