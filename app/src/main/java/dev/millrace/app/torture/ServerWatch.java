package dev.millrace.app.torture;

import dev.millrace.world.World;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Asks the server ten times a second, past all proxies, whether it is there, and writes down when it was not. */
final class ServerWatch implements AutoCloseable {

    private static final Duration PULSE = Duration.ofMillis(100);

    private final Login login;
    private final World world;
    private final RunClock clock;
    private final Timeline timeline;
    private final Journal journal;
    private final Thread thread;
    private @Nullable Connection connection;

    ServerWatch(Login login, World world, RunClock clock, Timeline timeline, Journal journal) {
        this.login = login;
        this.world = world;
        this.clock = clock;
        this.timeline = timeline;
        this.journal = journal;
        this.thread = Thread.ofPlatform().daemon().name("torture-watch").unstarted(this::watch);
    }

    void start() {
        thread.start();
    }

    private void watch() {
        long up = clock.now(); // when it was there last
        boolean away = false;
        try {
            while (true) {
                boolean there = there();
                long now = clock.now();
                if (there && away) {
                    timeline.serverDown(up, now);
                    journal.say("the server answers again, after %.1f s".formatted((now - up) / 1000.0));
                }
                away = !there;
                if (there) up = now;
                world.sleep(PULSE);
            }
        } catch (InterruptedException over) {
            if (away) timeline.serverDown(up, clock.now());
            drop();
        }
    }

    private boolean there() {
        try {
            var open = connection;
            if (open == null) connection = open = login.connect("torture-watch");
            try (var ask = open.createStatement()) {
                ask.execute("SELECT 1");
            }
            return true;
        } catch (SQLException gone) {
            drop();
            return false;
        }
    }

    private void drop() {
        var broken = connection;
        connection = null;
        if (broken == null) return;
        try {
            broken.close();
        } catch (SQLException gone) {
            // it was of no use any more
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(Duration.ofSeconds(10));
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
