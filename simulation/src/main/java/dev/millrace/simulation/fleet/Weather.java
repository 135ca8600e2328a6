package dev.millrace.simulation.fleet;

import dev.millrace.simulation.time.Timeline;
import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** How bad things are just now: for each step between a client and the store, and for the store itself. */
public final class Weather {

    /**
     * How likely each is, for one step.
     *
     * @param refused the step is refused before it has done anything
     * @param unanswered nobody hears the answer; it may have happened, or happen later, or not at all
     * @param slow it takes long, on the way there or back
     * @param frozen its process stands still before it is sent, or before its answer is heard
     * @param killed its process dies in the middle of it
     */
    public record Odds(double refused, double unanswered, double slow, double frozen, double killed) {
        public static final Odds NONE = new Odds(0, 0, 0, 0, 0);
    }

    private final Timeline timeline;
    private final RandomGenerator random;
    private Odds odds = Odds.NONE;
    private double gaps = 0.25;
    private int longestGapMicros = 3_000;
    private long downUntil;
    private double lostHints;
    private double doubledHints;

    public Weather(Timeline timeline, RandomGenerator random) {
        this.timeline = timeline;
        this.random = random;
    }

    public Odds odds() {
        return odds;
    }

    public void odds(Odds next) {
        odds = next;
    }

    /** From now on nothing goes wrong by itself. */
    public void calm() {
        odds = Odds.NONE;
        lostHints = 0;
        doubledHints = 0;
        longestGapMicros = 3_000;
    }

    /** The store answers nobody for so long. */
    public void down(Duration time) {
        downUntil = Math.max(downUntil, timeline.now() + time.toNanos());
    }

    public boolean isDown() {
        return timeline.now() < downUntil;
    }

    /** Since when it has been reachable. */
    public long upSince() {
        return downUntil;
    }

    /** How long others run before the next statement of a transaction; null for not at all. */
    public @Nullable Duration gap() {
        if (random.nextDouble() >= gaps) return null;
        return Duration.ofNanos(1_000L * (1 + random.nextInt(random.nextInt(10) == 0 ? longestGapMicros : 200)));
    }

    /** Statements take up to so long. */
    public void slowStatements(Duration longest) {
        longestGapMicros = (int) (longest.toNanos() / 1_000);
    }

    public void hints(double lost, double doubled) {
        lostHints = lost;
        doubledHints = doubled;
    }

    /** How often a hint arrives: 0, 1 or 2 times. */
    int arrivals() {
        if (random.nextDouble() < lostHints) return 0;
        return random.nextDouble() < doubledHints ? 2 : 1;
    }
}
