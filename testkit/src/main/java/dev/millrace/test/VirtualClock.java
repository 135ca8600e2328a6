package dev.millrace.test;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;

/** The time of a test for code that asks a clock. */
final class VirtualClock extends Clock {

    private final InstantSource time;
    private final ZoneId zone;

    VirtualClock(InstantSource time, ZoneId zone) {
        this.time = time;
        this.zone = zone;
    }

    @Override
    public ZoneId getZone() {
        return zone;
    }

    @Override
    public Clock withZone(ZoneId other) {
        return new VirtualClock(time, other);
    }

    @Override
    public Instant instant() {
        return time.instant();
    }
}
