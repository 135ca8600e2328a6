package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;
import java.time.Duration;

/** A job or two that kill their node, each among neighbours that come at the same time. */
final class Poison implements Workload {

    private static final int NEIGHBOURS = 8;

    @Override
    public String name() {
        return "poison";
    }

    @Override
    public void plan(Office on) {
        int poisons = Math.min(on.random().nextInt(3), 1 + on.jobs() / NEIGHBOURS);
        for (int i = 0; i < poisons; i++)
            on.sometime("a careless producer", () -> {
                boolean soon = on.random().nextInt(3) > 0;
                var length = Duration.ofMillis(
                        soon ? on.random().nextInt(800) : 1_200 + on.random().nextInt(1_000));
                for (int n = 0; n < NEIGHBOURS / 2; n++) on.send(neighbour(on));
                on.send(on.draft("work", 1, "first", Script.plain(length).poisonous(), null));
                for (int n = 0; n < NEIGHBOURS / 2; n++) on.send(neighbour(on));
            });
    }

    private static Office.Draft neighbour(Office on) {
        return on.draft(
                "work", 1, "first", Script.plain(Duration.ofMillis(on.random().nextInt(1_500))), null);
    }
}
