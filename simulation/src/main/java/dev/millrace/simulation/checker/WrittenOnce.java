package dev.millrace.simulation.checker;

import dev.millrace.store.Records;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Of each delivery one ending is written, whoever wrote it and wherever; no key of a table keeps all of them apart. */
public final class WrittenOnce implements Checker {

    private final Supplier<@Nullable String> twice;

    /** @param twice a delivery of which two are, if there is any */
    public WrittenOnce(Supplier<@Nullable String> twice) {
        this.twice = twice;
    }

    @Override
    public String invariant() {
        return "of each delivery one ending is written";
    }

    @Override
    public void look(Records records) {
        var delivery = twice.get();
        require(delivery == null, "two are written of delivery %s", delivery);
    }
}
