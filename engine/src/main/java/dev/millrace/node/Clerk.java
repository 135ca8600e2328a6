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

    private final Incarnation node;
    private final Queue<Request<?>> requests = new ConcurrentLinkedQueue<>();

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
        for (int served = 0; served < REQUESTS; served++) {
            var request = requests.peek();
            if (request == null) return Duration.ofSeconds(1);
            if (!request.held.is(HeldDelivery.Stage.RUNNING)) {
                request.answer.completeExceptionally(request.held.taken());
            } else {
                try {
                    request.serve();
                } catch (StoreException.Unavailable | StoreException.CommitUnknown again) {
                    throw again; // the same value again; its handler waits, at most until its deadline
                } catch (StoreException.Fenced fenced) {
                    request.answer.completeExceptionally(fenced);
                    node.doubted();
                } catch (RuntimeException | Error refused) {
                    request.answer.completeExceptionally(refused);
                }
            }
            requests.remove();
        }
        return Duration.ZERO;
    }

    /** The incarnation has ended: nobody serves them any more. */
    void refuseAll() {
        for (Request<?> request; (request = requests.poll()) != null; )
            request.answer.completeExceptionally(request.held.taken());
    }
}
