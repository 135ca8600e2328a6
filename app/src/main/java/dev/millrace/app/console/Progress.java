package dev.millrace.app.console;

import dev.millrace.world.World;
import java.time.Duration;
import java.util.Locale;

/**
 * How far long work is: a bar with rate and estimate where a person looks, else a plain line every few seconds. For one thread.
 *
 * <p>The whole may grow while the work goes on, as a crawl finds pages: the estimate is for what is known now.
 */
public final class Progress implements AutoCloseable {

    private static final Duration BAR = Duration.ofMillis(200);
    private static final Duration LINE = Duration.ofSeconds(5);

    /** The rate is of about the last so long, so that it follows what happens now. */
    private static final double MEMORY_SECONDS = 10;

    private static final int WIDTH = 24;

    private final Console console;
    private final World world;
    private final String unit;
    private long shownAt;
    private long countedAt;
    private long counted;
    private double rate = Double.NaN;
    private boolean drawn;

    public Progress(Console console, World world, String unit, long before) {
        this.console = console;
        this.world = world;
        this.unit = unit;
        this.counted = before;
        this.shownAt = world.nanoTime();
        this.countedAt = shownAt;
    }

    /** Shows it, unless that was done a moment ago. */
    public void show(long done, long whole, String more) {
        long now = world.nanoTime();
        var pause = console.terminal().err() ? BAR : LINE;
        if (now - shownAt < pause.toNanos()) return;
        shownAt = now;
        learn(done, now);
        if (console.terminal().err()) draw(bar(done, whole) + " " + words(done, whole, more));
        else console.say(words(done, whole, more));
    }

    private void learn(long done, long now) {
        double seconds = (now - countedAt) / 1e9;
        if (seconds < 1) return;
        double latest = (done - counted) / seconds;
        double weight = Double.isNaN(rate) ? 1 : 1 - Math.exp(-seconds / MEMORY_SECONDS);
        rate = Double.isNaN(rate) ? latest : rate + weight * (latest - rate);
        counted = done;
        countedAt = now;
    }

    private String words(long done, long whole, String more) {
        var text = new StringBuilder("%,d of %,d %s".formatted(done, whole, unit));
        if (!Double.isNaN(rate)) {
            text.append(String.format(Locale.ROOT, ", %.1f/s", rate));
            if (rate > 0.01 && whole > done)
                text.append(", about ")
                        .append(Durations.text(Duration.ofSeconds((long) ((whole - done) / rate))))
                        .append(" more");
        }
        return more.isEmpty() ? text.toString() : text.append(", ").append(more).toString();
    }

    private static String bar(long done, long whole) {
        int full = whole <= 0 ? 0 : Math.clamp(done * WIDTH / whole, 0, WIDTH);
        return "[" + "#".repeat(full) + ".".repeat(WIDTH - full) + "]";
    }

    private void draw(String line) {
        int room = console.terminal().width() - 1;
        console.err().print("\r\u001b[K" + (line.length() <= room ? line : line.substring(0, room)));
        console.err().flush();
        drawn = true;
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        if (!drawn) return;
        console.err().print("\r\u001b[K");
        console.err().flush();
    }
}
