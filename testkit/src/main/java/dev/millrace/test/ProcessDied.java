package dev.millrace.test;

import java.io.Serial;

/** Ends the thread of a handler whose process has died in a test, when the test is over. Until then the thread stands still. */
final class ProcessDied extends Error {

    @Serial
    private static final long serialVersionUID = 1L;

    ProcessDied() {
        super("The process of this handler has died in the test, which is over now. Let it pass.", null, false, false);
    }
}
