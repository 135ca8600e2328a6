package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.DISK_FULL;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.INTERRUPTED;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.KEEPS_DYING;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches the server and starts it again when it died, on the same port, until it is out of {@link Strikes}.
 *
 * <p>A full disk is no strike: somebody will make room, and until then it is tried again and again, slowly.
 *
 * <p>It looks five times a second whether the process is there: the server is nobody's child, so nobody is told. A
 * server that lives but does not answer is left alone: its clients see that first, and only they know what they wait
 * for.
 */
final class Supervisor {

    private static final Duration PULSE = Duration.ofMillis(200);
    private static final Duration BETWEEN_STARTS = Duration.ofSeconds(1);
    private static final Duration UNTIL_THERE_IS_ROOM = Duration.ofSeconds(5);

    /** So many tries on a full disk go by until it is said again: about a minute. */
    private static final int TRIES_IN_SILENCE = 12;

    private static final Duration BETWEEN_PRUNINGS = Duration.ofMinutes(1);

    private final Launcher launcher;
    private final ServerLog log;
    private final Time time;
    private final Consumer<EmbeddedServerEvent> events;
    private final Strikes strikes = new Strikes();
    private final Thread thread;
    private volatile Launcher.Running running;
    private volatile boolean stopped;
    private long bornAt;

    Supervisor(
            Launcher.Running running,
            Launcher launcher,
            ServerLog log,
            Time time,
            Consumer<EmbeddedServerEvent> events) {
        this.running = running;
        this.launcher = launcher;
        this.log = log;
        this.time = time;
        this.events = events;
        this.bornAt = time.nanoTime();
        this.thread = Thread.ofPlatform()
                .daemon()
                .name("millrace-postgres-supervisor")
                .unstarted(this::watch);
    }

    void start() {
        thread.start();
    }

    Launcher.Running running() {
        return running;
    }

    /** Ends the watch. A listener may call this on the supervisor's own thread. */
    void stop(Duration limit) throws InterruptedException {
        stopped = true; // an interrupt alone could be swallowed by a listener
        if (!Thread.currentThread().equals(thread)) {
            thread.interrupt();
            thread.join(limit);
        }
    }

    private void watch() {
        try {
            var pruning = Deadline.in(Duration.ZERO, time);
            while (!stopped && (running.process().alive() || revive())) {
                if (pruning.passed()) {
                    prune();
                    pruning = Deadline.in(BETWEEN_PRUNINGS, time);
                }
                time.sleep(PULSE);
            }
        } catch (InterruptedException e) {
            return; // close() wants this thread to end
        } catch (RuntimeException e) {
            events.accept(new EmbeddedServerEvent.GivenUp(new EmbeddedServerException(
                    KEEPS_DYING,
                    "The supervision of PostgreSQL failed by an error of its own (%s). Please report it.".formatted(e),
                    log.tail(20),
                    e)));
        }
    }

    /** False means that the server stays down. */
    private boolean revive() throws InterruptedException {
        var life = Duration.ofNanos(time.nanoTime() - bornAt);
        events.accept(new EmbeddedServerEvent.Died(running.process().pid(), life));
        EmbeddedServerException failure = null;
        int full = 0;
        for (var again = strikes.mayTryAgainAfter(life); again; ) {
            if (stopped) {
                return false;
            }
            try {
                bringUp();
                return true;
            } catch (EmbeddedServerException e) {
                if (e.reason() == INTERRUPTED) {
                    throw new InterruptedException();
                }
                failure = e;
                if (e.reason() == DISK_FULL) {
                    if (full++ % TRIES_IN_SILENCE == 0) {
                        events.accept(new EmbeddedServerEvent.RestartFailed(e));
                    }
                    time.sleep(UNTIL_THERE_IS_ROOM);
                    continue;
                }
                events.accept(new EmbeddedServerEvent.RestartFailed(e));
                again = strikes.mayTryAgainAfter(Duration.ZERO);
                if (again) {
                    time.sleep(BETWEEN_STARTS);
                }
            }
        }
        events.accept(new EmbeddedServerEvent.GivenUp(keepsDying(failure)));
        return false;
    }

    private void bringUp() {
        var start = time.nanoTime();
        running = launcher.bringUpOn(running.port());
        bornAt = time.nanoTime();
        events.accept(new EmbeddedServerEvent.Restarted(running.process().pid(), Duration.ofNanos(bornAt - start)));
    }

    private EmbeddedServerException keepsDying(@Nullable EmbeddedServerException last) {
        var why = last == null ? "It was killed, or its log says why." : "The last attempt: " + last.getMessage();
        return new EmbeddedServerException(KEEPS_DYING, """
                PostgreSQL died or failed to start %d times without a minute of life in between, and is not started \
                again. %s Nothing that was acknowledged is lost: remove the cause and start again.""".formatted(Strikes.OUT, why), log.tail(20), last);
    }

    private void prune() {
        try {
            log.prune();
        } catch (IOException e) {
            System.getLogger(Supervisor.class.getName())
                    .log(System.Logger.Level.DEBUG, "Old logs of PostgreSQL could not be deleted", e);
        }
    }
}
