package dev.millrace;

import java.io.Serial;

/** A schedule of this name comes from code, and can be neither set nor removed at run time. Nothing was changed. */
public final class ScheduleTaken extends MillraceException {

    @Serial
    private static final long serialVersionUID = 1L;

    private final String schedule;

    ScheduleTaken(String schedule, String message) {
        super(message);
        this.schedule = schedule;
    }

    /** Its name. */
    public String schedule() {
        return schedule;
    }
}
