package dev.millrace.node;

import dev.millrace.store.Payload;
import dev.millrace.store.StoreException;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes and reads checkpoints for handlers, which wait for it. They do not do it themselves because they may be interrupted at any
 * moment, and an interrupt in the middle of a step would close the connection that the whole node uses.
 */
final class Clerk implements Loop {

    /** Requests in one turn. */
    private static final int REQUESTS = 100;

    /** How long a request is left alone that another transaction blocks: each try keeps the duties of this thread waiting. */
    private static final Duration BLOCKED = Duration.ofSeconds(1);

    private static final Duration REST = Duration.ofSeconds(1);

    private final Incarnation node;
    private final Queue<Request<?>> requests = new ConcurrentLinkedQueue<>();

    /** Those that were blocked, in the order in which they are tried again. For this loop, and for whoever finds that all is over. */
    private final Queue<Blocked> blocked = new ConcurrentLinkedQueue<>();

    private record Blocked(Request<?> request, long again) {}

    private record Request<T>(HeldDelivery held, Supplier<T> step, CompletableFuture<T> answer) {

        void serve() {
            answer.complete(step.get());
        }
    }

    Clerk(Incarnation node) {
        this.node = node;
    }

    void checkpoint(HeldDelivery held, Payload value) {
        this.<@Nullable Void>ask(held, "waited for its checkpoint to be written", () -> {
            node.storage().checkpoint(held.lease(), held.delivery(), value);
            return null;
        });
    }

    Optional<Payload> checkpointOf(HeldDelivery held) {
        return ask(
                held,
                "waited for its checkpoint to be read",
                () -> node.storage().checkpointOf(held.lease(), held.delivery()));
    }

    private <T extends @Nullable Object> T ask(HeldDelivery held, String doing, Supplier<T> step) {
        held.requireHeld();
        var request = new Request<T>(held, step, new CompletableFuture<>());
        requests.add(request);
        node.writeBell().ring();
        if (node.over()) refuseAll(); // it may have ended before this request was there to be refused
        try {
            return request.answer.get();
        } catch (InterruptedException told) {
            throw held.interruptedWhile(doing);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException why) throw why;
            throw new IllegalStateException(failed.getCause());
        }
    }

    @Override
    public Duration turn() {
        comeBack();
        for (int served = 0; served < REQUESTS; served++) {
            var request = requests.peek();
            if (request == null) return rest();
            if (!request.held.is(HeldDelivery.Stage.RUNNING)) {
                request.answer.completeExceptionally(request.held.taken());
            } else {
                try {
                    request.serve();
                } catch (StoreException.Blocked later) {
                    requests.remove(request);
                    putOff(request, later);
                    return Duration.ZERO; // the other duties first
                } catch (StoreException.Refused refused) {
                    request.answer.completeExceptionally(refused);
                } catch (StoreException.Unavailable | StoreException.CommitUnknown again) {
                    throw again; // the same value again; its handler waits, at most until its deadline
                } catch (StoreException.Fenced fenced) {
                    request.answer.completeExceptionally(fenced);
                    node.doubted();
                } catch (RuntimeException | Error refused) {
                    request.answer.completeExceptionally(refused);
                }
            }
            requests.remove(request);
        }
        return Duration.ZERO;
    }

    private void putOff(Request<?> request, StoreException.Blocked why) {
        blocked.add(new Blocked(request, node.world().nanoTime() + BLOCKED.toNanos()));
        node.failedInPart();
        node.troubled(
                "clerk",
                "serve the checkpoint of job " + request.held.delivery().job(),
                why);
        if (node.over()) refuseAll();
    }

    /** To the end of the line, behind all that was not blocked. */
    private void comeBack() {
        long now = node.world().nanoTime();
        for (Blocked first; (first = blocked.peek()) != null && first.again - now <= 0; ) {
            blocked.remove(first);
            requests.add(first.request);
        }
    }

    private Duration rest() {
        var first = blocked.peek();
        if (first == null) return REST;
        return Duration.ofNanos(Math.clamp(first.again - node.world().nanoTime(), 0, REST.toNanos()));
    }

    /** The incarnation has ended: nobody serves them any more. */
    void refuseAll() {
        for (Request<?> request; (request = requests.poll()) != null; )
            request.answer.completeExceptionally(request.held.taken());
        for (Blocked put; (put = blocked.poll()) != null; )
            put.request.answer.completeExceptionally(put.request.held.taken());
    }
}
