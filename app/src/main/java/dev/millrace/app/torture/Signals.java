package dev.millrace.app.torture;

import dev.millrace.MillraceException;
import java.io.IOException;

/** Sends signals to processes, by the command that every Unix has. */
final class Signals {

    private Signals() {}

    /** Sends a signal. */
    static void send(String signal, long pid) {
        try {
            var kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
            if (kill.waitFor() != 0) {
                throw new MillraceException("The process %d could not be sent SIG%s.".formatted(pid, signal));
            }
        } catch (IOException e) {
            throw new MillraceException(
                    "There is no command \"kill\" here, which a torture needs: %s.".formatted(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException("Interrupted while a process was sent SIG%s.".formatted(signal), e);
        }
    }
}
