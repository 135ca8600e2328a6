package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Entry;
import java.io.Serial;

/** A contender can't be opened here; the message says why. */
final class NotPlayable extends Exception {

    @Serial
    private static final long serialVersionUID = 1L;

    private NotPlayable(String why, Throwable cause) {
        super(why, cause);
    }

    static Entry open(Stage stage) throws NotPlayable {
        try {
            return stage.contender().open(stage.ground());
        } catch (Exception e) {
            throw new NotPlayable(e.getMessage() == null ? e.toString() : e.getMessage(), e);
        }
    }
}
