package dev.millrace.benchmarks.peers;

import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Threads that enqueue side by side, each a batch at a time.
 *
 * @param batch how many jobs go into one call of the peer
 */
record Crew(int threads, int batch) {

    /** One call of the peer. */
    interface Call {
        void take(long from, long count) throws Exception;
    }

    /** Returns how many were taken; a call that was begun is finished even when it is time to stop. */
    long take(long from, long count, BooleanSupplier stop, Call call) throws Exception {
        var next = new AtomicLong(from);
        long end = from + count;
        Callable<Long> member = () -> {
            long taken = 0;
            while (!stop.getAsBoolean()) {
                long first = next.getAndAdd(batch);
                if (first >= end) break;
                long size = Math.min(batch, end - first);
                try {
                    call.take(first, size);
                } catch (Exception e) {
                    next.set(end); // no one begins another batch
                    throw e;
                }
                taken += size;
            }
            return taken;
        };
        try (var executor = Executors.newFixedThreadPool(threads)) {
            long taken = 0;
            for (var future : executor.invokeAll(Collections.nCopies(threads, member))) taken += future.get();
            return taken;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) throw cause;
            throw e;
        }
    }
}
