package dev.millrace.simulation;

import dev.millrace.MillraceException;
import dev.millrace.simulation.Simulation.Story;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Many seeds, as many at once as there are processors; each is as alone as if it were the only one. */
public final class Campaign {

    private final LongFunction<Scenario> scenarios;
    private final int workers;
    private final Consumer<Story> heard;

    /**
     * Not begun yet.
     *
     * @param scenarios what a seed plays
     * @param heard hears of each story when it is over, one at a time and in no order
     */
    public Campaign(LongFunction<Scenario> scenarios, int workers, Consumer<Story> heard) {
        this.scenarios = scenarios;
        this.workers = Math.max(1, workers);
        this.heard = heard;
    }

    /** Plays so many seeds from this one on. Those that broke an invariant are answered, by seed. */
    public List<Story> run(long from, int seeds) throws InterruptedException {
        if (from > Long.MAX_VALUE - seeds)
            throw new MillraceException("There are no %d seeds from %d on: begin lower.".formatted(seeds, from));
        var next = new AtomicLong(from);
        long end = from + seeds;
        var broken = new ArrayList<Story>();
        var trouble = new AtomicReference<@Nullable RuntimeException>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < workers; i++)
            threads.add(Thread.ofPlatform().name("campaign-" + i).daemon().start(() -> {
                try {
                    for (long seed; trouble.get() == null && (seed = next.getAndIncrement()) < end; ) {
                        var story = Simulation.of(scenarios.apply(seed)).run();
                        synchronized (broken) {
                            if (story.broken() != null) broken.add(story);
                            heard.accept(story);
                        }
                    }
                } catch (RuntimeException failed) {
                    trouble.compareAndSet(null, failed);
                }
            }));
        for (var thread : threads) thread.join();
        var failed = trouble.get();
        if (failed != null) throw failed;
        broken.sort(Comparator.comparingLong(story -> story.scenario().seed()));
        return List.copyOf(broken);
    }
}
