package dev.millrace.app;

import java.util.List;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Keeps libraries from talking: warnings and worse go to standard error, one line each. */
public final class Quiet {

    /** Kept here, since the log manager forgets loggers that nobody holds. What they warn of, our own errors say better. */
    private static final List<Logger> LOUD = List.of(
            Logger.getLogger("com.zaxxer.hikari"),
            Logger.getLogger("org.flywaydb"),
            Logger.getLogger("org.eclipse.jetty"),
            Logger.getLogger("io.javalin"));

    private Quiet() {}

    /** From now on. */
    public static void libraries() {
        var root = Logger.getLogger("");
        for (var handler : root.getHandlers()) root.removeHandler(handler);
        var handler = new ConsoleHandler();
        handler.setLevel(Level.WARNING);
        handler.setFormatter(new OneLine());
        root.addHandler(handler);
        root.setLevel(Level.WARNING);
        for (var logger : LOUD) logger.setLevel(Level.SEVERE);
    }

    private static final class OneLine extends Formatter {
        @Override
        public String format(LogRecord said) {
            var thrown = said.getThrown();
            return "%tT %s%s%n"
                    .formatted(said.getMillis(), formatMessage(said), thrown == null ? "" : " (" + thrown + ")");
        }
    }
}
