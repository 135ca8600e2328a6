package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.JobId;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.store.StoreException.Unavailable;
import dev.millrace.world.SystemWorld;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Callers who share a transaction, before a database that answers when it is told to. */
class GroupSenderTest {

    /** A transaction on its way: how many jobs share it, and what opens once the database has answered. */
    private record Sent(int jobs, CountDownLatch answer) {}

    private final List<Sent> sent = new CopyOnWriteArrayList<>();
    private volatile boolean answersAtOnce;
    private volatile @Nullable RuntimeException sharedFails;
    private volatile boolean sharedTaken = true;
    private final GroupSender sender = new GroupSender(this::take, new SystemWorld());
    private final List<Thread> callers = new ArrayList<>();

    private boolean take(List<NewJob> jobs) {
        var transaction = new Sent(jobs.size(), new CountDownLatch(1));
        sent.add(transaction);
        if (answersAtOnce) transaction.answer().countDown();
        awaitUninterruptibly(transaction.answer());
        if (jobs.size() == 1) return true;
        var failure = sharedFails;
        if (failure != null) throw failure;
        return sharedTaken;
    }

    /** The driver's calls do not end either when their platform thread is interrupted. */
    private static void awaitUninterruptibly(CountDownLatch answer) {
        boolean interrupted = false;
        while (true)
            try {
                answer.await();
                break;
            } catch (InterruptedException later) {
                interrupted = true;
            }
        if (interrupted) Thread.currentThread().interrupt();
    }

    private void allAreAnswered() {
        answersAtOnce = true;
        for (var transaction : sent) transaction.answer().countDown();
    }

    @AfterEach
    void close() {
        allAreAnswered();
        sender.close();
    }

    private static NewJob job() {
        return new NewJob(
                new JobId(new UUID(1, 2)),
                "default",
                Priority.NORMAL,
                null,
                "work",
                1,
                new Payload.Text("1"),
                Map.of(),
                null,
                null,
                null);
    }

    private Future<Boolean> calls() {
        var answer = new CompletableFuture<Boolean>();
        callers.add(Thread.ofPlatform().daemon().start(() -> {
            try {
                answer.complete(sender.send(job()));
            } catch (RuntimeException thrown) {
                answer.completeExceptionally(thrown);
            }
        }));
        return answer;
    }

    /** Two are on their way, each alone, and so many wait. */
    private List<Future<Boolean>> twoAndWaiting(int waiting) {
        var all = new ArrayList<Future<Boolean>>();
        for (int i = 0; i < 2; i++) all.add(calls());
        Awaitility.await().until(() -> sent.size() == 2);
        for (int i = 0; i < waiting; i++) all.add(calls());
        Awaitility.await().until(() -> callers.stream().skip(2).allMatch(GroupSenderTest::waitsForItsFate));
        return all;
    }

    /** Threads wait for other things too, such as the first use of a class by somebody else: then it has not gathered yet. */
    private static boolean waitsForItsFate(Thread caller) {
        return Arrays.stream(caller.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(CompletableFuture.class.getName())
                        && frame.getMethodName().equals("get"));
    }

    private static boolean answer(Future<Boolean> caller) throws Exception {
        return caller.get(10, TimeUnit.SECONDS);
    }

    @Test
    void those_who_come_while_others_are_under_way_share_a_transaction() throws Exception {
        var all = twoAndWaiting(5);

        allAreAnswered();

        for (var caller : all) assertThat(answer(caller)).isTrue();
        assertThat(sent).extracting(Sent::jobs).containsExactly(1, 1, 5);
    }

    @Test
    void nobody_is_answered_before_his_own_transaction_is_back() throws Exception {
        var all = twoAndWaiting(3);

        sent.get(0).answer().countDown();
        sent.get(1).answer().countDown();
        Awaitility.await().until(() -> sent.size() == 3);

        assertThat(answer(all.get(0)) && answer(all.get(1))).isTrue();
        assertThat(all.subList(2, 5)).noneMatch(Future::isDone);
        sent.get(2).answer().countDown();
        assertThat(answer(all.get(4))).isTrue();
    }

    @Test
    void when_a_shared_transaction_was_not_carried_out_each_is_to_try_alone() throws Exception {
        sharedFails = new Unavailable("the server said no");
        var all = twoAndWaiting(3);

        allAreAnswered();

        assertThat(answer(all.get(0))).isTrue();
        for (var caller : all.subList(2, 5)) assertThat(answer(caller)).isFalse();
    }

    @Test
    void what_was_not_taken_without_an_error_is_to_be_tried_alone_as_well() throws Exception {
        sharedTaken = false;
        var all = twoAndWaiting(3);

        allAreAnswered();

        for (var caller : all.subList(2, 5)) assertThat(answer(caller)).isFalse();
    }

    @Test
    void when_nobody_knows_all_who_shared_are_told_so_each_with_an_exception_of_his_own() {
        sharedFails = new CommitUnknown("the line broke", new IllegalStateException());
        var all = twoAndWaiting(2);

        allAreAnswered();

        var thrown = new ArrayList<Throwable>();
        for (var caller : all.subList(2, 4))
            assertThatThrownBy(() -> answer(caller))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(CommitUnknown.class)
                    .satisfies(one -> thrown.add(one.getCause()));
        assertThat(thrown.get(0)).isNotSameAs(thrown.get(1));
    }

    @Test
    void who_is_interrupted_while_he_waits_hears_his_fate_and_stays_interrupted() throws Exception {
        twoAndWaiting(1);
        var told = new CountDownLatch(1);
        var interrupted = new CompletableFuture<Boolean>();
        var caller = Thread.ofVirtual().start(() -> {
            interrupted.complete(sender.send(job()) && Thread.currentThread().isInterrupted());
            told.countDown();
        });
        Awaitility.await().until(() -> waitsForItsFate(caller));

        caller.interrupt();
        allAreAnswered();

        assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(interrupted.get()).isTrue();
    }

    @Test
    void who_waits_too_long_for_a_crowd_that_does_not_come_back_goes_beside_it() throws Exception {
        var all = twoAndWaiting(4);
        sent.get(0).answer().countDown();
        sent.get(1).answer().countDown();
        Awaitility.await().until(() -> sent.size() == 3);
        var later = calls();

        Awaitility.await().until(() -> sent.size() == 4);
        sent.get(3).answer().countDown();

        assertThat(answer(later)).isTrue();
        assertThat(all.subList(2, 6)).noneMatch(Future::isDone);
    }

    @Test
    void an_error_of_his_own_is_told_to_who_goes_alone_and_holds_up_nobody() {
        var failing = new GroupSender(
                jobs -> {
                    throw new MillraceException("no");
                },
                new SystemWorld());

        for (int i = 0; i < 3; i++)
            assertThatThrownBy(() -> failing.send(job()))
                    .isInstanceOf(MillraceException.class)
                    .hasMessage("no");
        failing.close();
    }
}
