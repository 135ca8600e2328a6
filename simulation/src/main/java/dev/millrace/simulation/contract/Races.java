package dev.millrace.simulation.contract;

import dev.millrace.store.Storage;
import dev.millrace.store.Storage.Wakeup;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Several threads at once, for a bounded time. */
final class Races {

    private static final long SECONDS = 20;

    private Races() {}

    /** Runs all of them at once and returns what each answered, or fails with what one of them threw. */
    static <T> List<T> run(List<Callable<T>> racers) {
        var go = new CountDownLatch(1);
        try (var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("racer ", 1).factory())) {
            var futures = new ArrayList<Future<T>>();
            for (var racer : racers) {
                futures.add(threads.submit(() -> {
                    go.await();
                    return racer.call();
                }));
            }
            go.countDown();
            var answers = new ArrayList<T>();
            for (var future : futures) answers.add(get(future));
            return answers;
        }
    }

    /** Whether somebody who listens hears this hint within a few seconds of the act. */
    static boolean hears(Storage store, Wakeup hint, Runnable act) {
        var heard = new CountDownLatch(1);
        try (var hearing = store.listen(wakeup -> {
            if (wakeup.equals(hint)) heard.countDown();
        })) {
            Objects.requireNonNull(hearing);
            act.run();
            return heard.await(5, TimeUnit.SECONDS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while listening", ended);
        }
    }

    private static <T> T get(Future<T> future) {
        try {
            return future.get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException thrown) {
            throw new AssertionError("one of the racers threw", thrown.getCause());
        } catch (TimeoutException late) {
            future.cancel(true);
            throw new AssertionError("a racer did not arrive within " + SECONDS + " s", late);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while racing", ended);
        }
    }
}
