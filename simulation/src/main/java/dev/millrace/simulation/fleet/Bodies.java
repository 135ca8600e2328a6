package dev.millrace.simulation.fleet;

import dev.millrace.Failure;
import dev.millrace.node.Body;
import dev.millrace.node.Held;
import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Transaction.Isolation;
import dev.millrace.simulation.store.HandlerTransaction;
import dev.millrace.store.Delivery;
import dev.millrace.store.Ending;
import dev.millrace.store.StoreException;
import java.time.Duration;

/** What kinds of handlers do: as their jobs' scripts say, with an outcome that the node writes, or one of their own transaction. */
final class Bodies {

    private Bodies() {}

    /** A handler whose outcome the node writes. */
    static Body plain(SimulatedNode node) {
        return new Plain(node);
    }

    /** A handler whose effect and outcome are one commit. */
    static Body exact(SimulatedNode node) {
        return new Exact(node);
    }

    private record Plain(SimulatedNode node) implements Body {
        @Override
        public Verdict run(Delivery delivery, Held held) throws InterruptedException {
            node.played(delivery).work(held);
            var ending = node.fleet().ending(delivery);
            if (ending instanceof Ending.Done) node.fleet().intended().ranToEnd(delivery.job());
            return new Verdict.ToFlush(ending);
        }

        @Override
        public Ending timedOut(Delivery delivery, Duration deadline) {
            return Script.timedOut(delivery);
        }
    }

    private record Exact(SimulatedNode node) implements Body {
        @Override
        public Verdict run(Delivery delivery, Held held) throws InterruptedException {
            var played = node.played(delivery);
            var isolation = node.world().random().nextBoolean() ? Isolation.READ_COMMITTED : Isolation.REPEATABLE_READ;
            var tx = node.fleet().store().begin("the handler of " + delivery.job(), isolation);
            played.opened(tx);
            try {
                return transact(delivery, held, played, tx);
            } catch (Refusal refused) {
                return again(delivery, "refused");
            } catch (StoreException refused) {
                return again(delivery, "refused");
            } finally {
                giveBack(tx);
            }
        }

        private Verdict transact(Delivery delivery, Held held, Played played, HandlerTransaction tx)
                throws InterruptedException {
            tx.effect(delivery.job());
            played.work(held);
            var ending = played.hangs() ? new Ending.Done(null) : node.fleet().ending(delivery);
            if (!(ending instanceof Ending.Done) || held.cancelled()) return new Verdict.ToFlush(ending);
            held.complete(tx.connection(), ending);
            played.rest(betweenOutcomeAndCommit(played)); // here it may be killed, or freeze
            node.awake();
            if (node.cutOff()) return again(delivery, "the commit was not sent");
            try {
                tx.commit();
            } catch (Refusal lost) {
                return again(delivery, "the commit was not answered");
            }
            node.fleet().intended().ranToEnd(delivery.job());
            return new Verdict.Committed(ending);
        }

        private Duration betweenOutcomeAndCommit(Played played) {
            if (played.hangs()) return Duration.ofSeconds(15);
            var random = node.world().random();
            return Duration.ofMillis(random.nextInt(random.nextInt(4) == 0 ? 1_500 : 40));
        }

        /** If it was committed after all, the flush of this will find that. */
        private static Verdict again(Delivery delivery, String why) {
            var failure = new Failure(why, "as the script says", why, delivery.attempt(), "");
            return new Verdict.ToFlush(
                    delivery.attempt() < Script.ATTEMPTS
                            ? new Ending.Retry(failure, Duration.ofMillis(200))
                            : new Ending.Discarded(failure));
        }

        /** A roll-back arrives, unless the node is cut off: then the server notices later that nobody is there. */
        private void giveBack(HandlerTransaction tx) {
            if (tx.over()) return;
            if (node.cutOff()) node.fleet().timeline().in(Duration.ofSeconds(20), tx::abandon);
            else if (!node.dead()) tx.rollback();
        }

        @Override
        public Ending timedOut(Delivery delivery, Duration deadline) {
            return Script.timedOut(delivery);
        }
    }
}
