package dev.millrace.simulation.checker;

import dev.millrace.store.Records;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Who looks for due timers from where the last look ended finds what a look at all of them would have found. */
public final class NothingPassedOver implements Checker {

    private final Supplier<@Nullable String> passedOver;

    /** @param passedOver a timer that such a look did not see, if there is any */
    public NothingPassedOver(Supplier<@Nullable String> passedOver) {
        this.passedOver = passedOver;
    }

    @Override
    public String invariant() {
        return "a look for timers passes over nothing";
    }

    @Override
    public void look(Records records) {
        var timer = passedOver.get();
        require(timer == null, "passed over was %s", timer);
    }
}
