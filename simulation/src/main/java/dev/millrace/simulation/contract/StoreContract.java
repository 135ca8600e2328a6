package dev.millrace.simulation.contract;

import dev.millrace.store.Storage;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;

/**
 * The contract of a store. A store's test extends this class, says how the store is opened and how time passes, and inherits every
 * chapter.
 *
 * <p>All tests of a class share one store, since opening one may be dear. What keeps them apart is that each has a queue and a kind of
 * its own, and looks at nothing else; what belongs to the whole store (nodes, timers, words of operators) is only ever looked up by
 * its own names. Tests of one class run one after the other.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class StoreContract {

    private @Nullable Storage storage;

    /** Opens an empty store; called once for all tests of the class. It is closed after the last one. */
    protected abstract Storage openStorage();

    /** The store has been closed: what it stood on can go. */
    protected void closeRest() {}

    /** Returns when so much time has passed on the store's clock: a short while, never more than a second in all of a test. */
    protected abstract void letPass(Duration time);

    /**
     * A connection to the store's own database for a caller's transaction, not committing by itself; empty if the store can't join one.
     * The test closes it.
     */
    protected Optional<Connection> transaction() {
        return Optional.empty();
    }

    @BeforeAll
    void openStorageOnce() {
        storage = openStorage();
    }

    @AfterAll
    void closeStorage() {
        try {
            storage().close();
        } finally {
            closeRest();
        }
    }

    final Storage storage() {
        if (storage == null) throw new IllegalStateException("The store is open while the tests of its class run.");
        return storage;
    }

    @Nested
    class Enqueueing extends EnqueueChapter {
        Enqueueing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Idempotency extends IdempotencyChapter {
        Idempotency() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Unique extends UniqueChapter {
        Unique() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Claiming extends ClaimChapter {
        Claiming() {
            super(StoreContract.this);
        }
    }

    @Nested
    class EndingMany extends ManyEndsChapter {
        EndingMany() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Flushing extends FlushChapter {
        Flushing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Rescuing extends RescueChapter {
        Rescuing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Fencing extends FenceChapter {
        Fencing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Timing extends TimerChapter {
        Timing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Scheduling extends ScheduleChapter {
        Scheduling() {
            super(StoreContract.this);
        }
    }

    @Nested
    class SettingSchedules extends SetScheduleChapter {
        SettingSchedules() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Publishing extends PublishChapter {
        Publishing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Parking extends ParkChapter {
        Parking() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Cancelling extends CancelChapter {
        Cancelling() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Requeueing extends RequeueChapter {
        Requeueing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class ChangingMany extends BulkChapter {
        ChangingMany() {
            super(StoreContract.this);
        }
    }

    @Nested
    class ChangingManyFurther extends ManyChangedChapter {
        ChangingManyFurther() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Batching extends BatchChapter {
        Batching() {
            super(StoreContract.this);
        }
    }

    @Nested
    class RunningAfter extends AfterChapter {
        RunningAfter() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Keying extends KeyedChapter {
        Keying() {
            super(StoreContract.this);
        }
    }

    @Nested
    class PlacesInLine extends PlaceInLineChapter {
        PlacesInLine() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Recalling extends BehindChapter {
        Recalling() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Rating extends RateChapter {
        Rating() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Sharing extends TenantChapter {
        Sharing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Pausing extends PauseChapter {
        Pausing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Adjusting extends AdjustChapter {
        Adjusting() {
            super(StoreContract.this);
        }
    }

    @Nested
    class SharingNumbers extends FleetSharesChapter {
        SharingNumbers() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Observing extends ObserveChapter {
        Observing() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Journalling extends JournalChapter {
        Journalling() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Keeping extends KeepChapter {
        Keeping() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Looking extends LookingChapter {
        Looking() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Transitions extends TransitionChapter {
        Transitions() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Bounds extends BoundsChapter {
        Bounds() {
            super(StoreContract.this);
        }
    }

    @Nested
    class Joining extends JoiningChapter {
        Joining() {
            super(StoreContract.this);
        }
    }
}
