package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;

/** Jobs of all kinds that succeed, fail, hang, snooze and expire. */
final class Mixed implements Workload {

    @Override
    public String name() {
        return "mixed";
    }

    @Override
    public void plan(Office on) {
        for (int i = 0; i < on.jobs(); i++)
            on.sometime("a producer", () -> {
                var script = Script.draw(on.random(), false);
                var queue = on.random().nextBoolean() ? "first" : "second";
                on.send(
                        switch (on.random().nextInt(8)) {
                            case 0, 1 -> on.draft("narrow", 1, queue, script, null);
                            case 2 -> on.draft("novel", 1 + on.random().nextInt(2), queue, script, null);
                            case 3 -> on.draft("evolving", 1 + on.random().nextInt(2), queue, script, null);
                            default -> on.draft("work", 1, queue, script, null);
                        });
            });
    }
}
