package dev.millrace.examples;

import static java.time.Duration.ofSeconds;

import dev.millrace.IfFailed;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Outcome;
import dev.millrace.Result.Cancelled;

/** Shows jobs that run after others: a parcel is sent once it is packed and paid, and the shelf is cleared in any case. */
final class AfterOthers {

    @Kind("pack")
    record Pack(int order) implements Job<Void> {}

    @Kind("pay")
    record Pay(int order, int cents) implements Job<Void> {}

    @Kind("send-parcel")
    record SendParcel(int order) implements Job<Void> {}

    @Kind("clear-shelf")
    record ClearShelf(int order) implements Job<Void> {}

    private AfterOthers() {}

    public static void main(String[] args) {
        try (var millrace = Millrace.on(new MemoryStore())) {
            ordered(millrace, 1, 4_200);
            ordered(millrace, 2, 0);
        }
    }

    private static void ordered(Millrace millrace, int order, int cents) {
        var packed = millrace.enqueue(new Pack(order));
        var paid = millrace.enqueue(new Pay(order, cents));
        var sent = millrace.enqueue(new SendParcel(order), o -> o.after(packed, paid));
        var cleared = millrace.enqueue(
                new ClearShelf(order), o -> o.after(packed, paid).ifFailed(IfFailed.RUN));
        System.out.println("order " + order + " waits: " + sent.state() + ", " + cleared.state());

        var node = millrace.node()
                .handle(Pack.class, job -> {})
                .decide(
                        Pay.class,
                        (job, attempt) -> job.cents() > 0 ? Outcome.done() : Outcome.discard("the card is empty"))
                .handle(SendParcel.class, job -> System.out.println("order " + job.order() + " is sent"))
                .handle(ClearShelf.class, job -> {})
                .start();
        cleared.get(ofSeconds(10));
        if (sent.await(ofSeconds(10)) instanceof Cancelled(var reason))
            System.out.println("order " + order + " is not sent: "
                    + reason.replace(paid.id().toString(), "to pay"));
        node.close();
    }
}
