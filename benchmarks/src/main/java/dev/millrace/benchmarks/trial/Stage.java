package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Contender;
import dev.millrace.benchmarks.contender.Ground;
import dev.millrace.world.World;
import java.time.Duration;

/** Where a trial plays: its contender, its ground, its sizes, and who is told. */
record Stage(World world, Contender contender, Ground ground, Sizes sizes, boolean held, Narrator narrator) {

    /** Seconds since then. */
    double seconds(long began) {
        return (world.nanoTime() - began) / 1e9;
    }

    /** Whether a phase that began then has had its time. */
    boolean over(long began) {
        return seconds(began) >= sizes.limitSeconds();
    }

    void rest(Duration duration) throws InterruptedException {
        world.sleep(duration);
    }
}
