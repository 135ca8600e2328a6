package dev.millrace.simulation.disaster;

import dev.millrace.simulation.database.Database;
import dev.millrace.simulation.fleet.Fleet;
import dev.millrace.simulation.fleet.SimulatedNode;
import dev.millrace.simulation.time.SimulatedWorld;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * What disasters fall from.
 *
 * @param clock the database's
 * @param random of this disaster alone
 * @param time how long they strike
 * @param afterFailover to be told when the store has gone back to an older state
 */
public record Sky(
        Fleet fleet,
        Database database,
        SimulatedWorld clock,
        RandomGenerator random,
        Duration time,
        Runnable afterFailover) {

    /** The longest freeze, cut or stall. */
    public static final Duration LONGEST = Duration.ofSeconds(25);

    public void sometime(Runnable happens) {
        fleet.timeline().in(Duration.ofNanos(random.nextLong(time.toNanos())), happens);
    }

    public void toSomebody(Consumer<SimulatedNode> happens) {
        sometime(() -> {
            var living = fleet.living();
            if (!living.isEmpty()) happens.accept(living.get(random.nextInt(living.size())));
        });
    }

    public Duration aWhile() {
        return Duration.ofMillis(500 + random.nextInt((int) LONGEST.toMillis() - 500));
    }

    public int upTo(int most) {
        return random.nextInt(most + 1);
    }

    public void tell(String what, Object... details) {
        fleet.trace().tell(what, details);
    }
}
