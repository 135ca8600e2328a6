package dev.millrace.crawler.robots;

import java.time.Duration;

/**
 * The {@code Crawl-delay} that a site asks for. No standard has it, but people write it and mean it.
 *
 * @param asked   what the file says
 * @param granted what is kept: not more than {@link #LONGEST}
 */
public record CrawlDelay(Duration asked, Duration granted) {

    /**
     * The most that is kept between two pages. A delay of hours is nearly always a mistake of units, and would turn a
     * crawl of a hundred pages into weeks; whoever wants no crawler writes {@code Disallow}.
     */
    public static final Duration LONGEST = Duration.ofMinutes(5);

    static CrawlDelay of(Duration asked) {
        return new CrawlDelay(asked, asked.compareTo(LONGEST) > 0 ? LONGEST : asked);
    }

    /** Whether less is kept than was asked for. */
    public boolean isCapped() {
        return granted.compareTo(asked) < 0;
    }
}
