package dev.millrace.simulation.workload;

import dev.millrace.MillraceException;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.simulation.store.Bug;
import dev.millrace.simulation.time.Strand;
import dev.millrace.store.GroupCommit;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.CommitUnknown;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Callers of one process who enqueue single jobs at the same time, and share transactions. */
final class Crowd implements Workload {

    private static final int TRANSACTIONS = 2;
    private static final int MOST = 6;
    private static final long HEAVIEST = 600;

    /** What a caller who waits is told. */
    private enum Answer {
        TAKEN,
        UNKNOWN,
        /** None of those who shared was taken: each tries again by himself. */
        NOT_TAKEN
    }

    /** A caller, and what he wants to have sent. */
    private static final class Caller {
        final Office.Draft draft;
        final Strand strand;

        @Nullable
        Answer answer;

        Caller(Office.Draft draft, Strand strand) {
            this.draft = draft;
            this.strand = strand;
        }

        long weight() {
            return draft.job().payload() instanceof Payload.Text(var text) ? text.length() : 0;
        }
    }

    /** One process. */
    private record Counter(Office on, GroupCommit<Caller> group, List<Caller> waiting) {

        void serve(Office.Draft draft) {
            var strand = on.fleet().timeline().current();
            if (strand == null) throw new IllegalStateException("a caller is a strand");
            var caller = new Caller(draft, strand);
            on.plan(draft);
            if (group.goesAtOnce(caller)) {
                on.send(draft);
                sendNext(1);
                return;
            }
            waiting.add(caller);
            while (caller.answer == null) on.fleet().timeline().park();
            switch (caller.answer) {
                case TAKEN -> on.taken(draft);
                case UNKNOWN ->
                    on.fleet()
                            .trace()
                            .tell(
                                    "nobody knows whether job %s was taken with others",
                                    draft.job().id());
                case NOT_TAKEN -> on.send(draft);
            }
        }

        /** Those who take the place of a transaction that is back, which so many have shared. */
        private void sendNext(int back) {
            if (on.planted(Bug.ANSWERED_BY_ANOTHERS_COMMIT)) tell(List.copyOf(waiting), Answer.TAKEN);
            var together = group.next(back);
            if (together.isEmpty()) return;
            on.fleet().timeline().start("those who gathered", () -> {
                tell(together, sent(together));
                sendNext(together.size());
            });
        }

        private Answer sent(List<Caller> together) {
            var jobs = new ArrayList<NewJob>();
            for (var caller : together) jobs.add(caller.draft.job());
            try {
                on.store().enqueueAll(jobs.iterator());
                return Answer.TAKEN;
            } catch (CommitUnknown unknown) {
                return on.planted(Bug.UNKNOWN_GROUP_TRIED_ALONE) ? Answer.NOT_TAKEN : Answer.UNKNOWN;
            } catch (MillraceException refused) {
                return Answer.NOT_TAKEN;
            }
        }

        private void tell(List<Caller> callers, Answer answer) {
            waiting.removeAll(callers);
            for (var caller : callers) {
                if (caller.answer == null) caller.answer = answer;
                caller.strand.wake();
            }
        }
    }

    @Override
    public String name() {
        return "crowd";
    }

    @Override
    public void plan(Office on) {
        var counter =
                new Counter(on, new GroupCommit<>(TRANSACTIONS, MOST, HEAVIEST, Caller::weight), new ArrayList<>());
        for (int left = on.jobs(); left > 0; ) {
            int some = Math.min(left, 3 + on.random().nextInt(15));
            left -= some;
            var moment = Duration.ofNanos(on.random().nextLong(on.hours().toNanos()));
            for (int i = 0; i < some; i++) {
                var later = Duration.ofNanos(on.random().nextInt(3_000_000));
                on.at(moment.plus(later), "a caller among many", () -> {
                    var script = Script.plain(Duration.ofMillis(on.random().nextInt(100)));
                    counter.serve(on.draft("work", script));
                });
            }
        }
    }
}
