package dev.millrace.crawler.robots;

import java.time.Instant;

/** Whether a page may be fetched, as its host's robots.txt has it. */
public sealed interface RobotsDecision {

    /** It may. */
    record Allowed() implements RobotsDecision {}

    /**
     * It may not.
     *
     * @param rule    the line that forbids it
     * @param message the same in one sentence
     */
    record Denied(String rule, String message) implements RobotsDecision {}

    /**
     * Nobody knows yet: the file can't be had.
     *
     * @param until   when the file should be asked for again
     * @param message why, in one sentence
     */
    record NotNow(Instant until, String message) implements RobotsDecision {}
}
