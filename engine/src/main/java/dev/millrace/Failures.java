package dev.millrace;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes what is stored of an error, whatever the error does when it is asked. */
final class Failures {

    /** Frames of the handler's own code that tell one place from another. */
    private static final int FRAMES = 5;

    private static final int CAUSES = 8;

    /** Characters of a message where an error is told in few lines: its causes are to be seen behind it. */
    private static final int MESSAGE = 200;

    private static final List<String> PLATFORM = List.of("java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.");

    /** What the compiler and the JVM number anew in each build or run. */
    private static final Pattern NUMBERED = Pattern.compile(
            "lambda\\$(\\w*?)\\$\\d+|\\$\\$Lambda[^.]*|\\$Proxy\\d+|GeneratedMethodAccessor\\d+|0x[0-9a-f]+");

    private Failures() {}

    /** What an attempt threw. */
    static Failure of(Throwable thrown, int attempt) {
        return new Failure(typeOf(thrown), messageOf(thrown), fingerprintOf(thrown), attempt, traceOf(thrown));
    }

    /** What an attempt threw, with what a rule says of it in front. */
    static Failure of(Throwable thrown, String reason, int attempt) {
        return new Failure(
                typeOf(thrown), reason + ": " + messageOf(thrown), fingerprintOf(thrown), attempt, traceOf(thrown));
    }

    /** What the engine itself says of an attempt. */
    static Failure of(String word, String message, int attempt) {
        return new Failure(word, message, hash(word), attempt, "");
    }

    /** The memory is used up: makes nothing that is not needed. */
    static Failure outOfMemory(int attempt) {
        return new Failure(
                "java.lang.OutOfMemoryError", "the memory of the node was used up", "out-of-memory", attempt, "");
    }

    /** An error in few lines: what it is and where in the application it came from, and each cause. */
    static String told(Throwable thrown) {
        var told = new StringBuilder();
        var seen = Collections.newSetFromMap(new IdentityHashMap<Throwable, Boolean>());
        for (var at = thrown; at != null && seen.size() < CAUSES && seen.add(at); at = at.getCause()) {
            if (!told.isEmpty()) told.append("\ncaused by ");
            told.append(typeOf(at)).append(": ").append(Words.cut(messageOf(at), MESSAGE));
            var place = placeOf(at);
            if (place != null) told.append("\n  at ").append(place);
        }
        return told.toString();
    }

    private static @Nullable StackTraceElement placeOf(Throwable thrown) {
        var frames = thrown.getStackTrace();
        for (var frame : frames) if (ofTheApplication(frame)) return frame;
        return frames.length == 0 ? null : frames[0];
    }

    private static String typeOf(Throwable thrown) {
        if (thrown instanceof ReportedFailure elsewhere) return elsewhere.type();
        return thrown.getClass().getName();
    }

    private static String messageOf(Throwable thrown) {
        try {
            var message = thrown.getMessage();
            return message == null || message.isBlank() ? "(no message)" : message;
        } catch (RuntimeException unprintable) {
            return "(its message can't be read: it threw "
                    + unprintable.getClass().getName() + ")";
        }
    }

    /** Equal for errors from the same place, in every process and after every build that did not move the place. */
    static String fingerprintOf(Throwable thrown) {
        if (thrown instanceof ReportedFailure elsewhere) return hash(elsewhere.type() + '\n' + elsewhere.place());
        var place = new StringBuilder();
        var seen = Collections.newSetFromMap(new IdentityHashMap<Throwable, Boolean>());
        for (var at = thrown; at != null && seen.size() < CAUSES && seen.add(at); at = at.getCause()) {
            place.append(steady(typeOf(at))).append('\n');
            appendFrames(place, at.getStackTrace());
        }
        return hash(place.toString());
    }

    /** Frames inside of the handler, the JDK's left out: what a newer JDK does there must not make another error of it. */
    private static void appendFrames(StringBuilder place, StackTraceElement[] frames) {
        int taken = 0;
        for (var frame : frames) {
            if (taken == FRAMES || frame.getClassName().equals(KindBody.class.getName())) break;
            if (!ofTheApplication(frame)) continue;
            append(place, frame);
            taken++;
        }
        if (taken == 0 && frames.length > 0) append(place, frames[0]);
    }

    private static void append(StringBuilder place, StackTraceElement frame) {
        place.append(steady(frame.getClassName()))
                .append('.')
                .append(steady(frame.getMethodName()))
                .append('\n');
    }

    private static boolean ofTheApplication(StackTraceElement frame) {
        var type = frame.getClassName();
        for (var platform : PLATFORM) if (type.startsWith(platform)) return false;
        return !type.contains("$$Lambda") && !type.contains("$Proxy");
    }

    private static String steady(String name) {
        return NUMBERED.matcher(name).replaceAll("lambda\\$$1");
    }

    private static String hash(String place) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(place.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("Every Java platform has SHA-256", impossible);
        }
    }

    /** The stack trace as far as it is kept: a deep one is not printed to its end. */
    private static String traceOf(Throwable thrown) {
        if (thrown instanceof ReportedFailure elsewhere) return elsewhere.trace();
        var page = new Page();
        try (var printer = new PrintWriter(page)) {
            thrown.printStackTrace(printer);
        } catch (PageFull enough) {
            return page.text.toString();
        } catch (RuntimeException unprintable) {
            return page.text
                    .append("(the rest can't be printed: ")
                    .append(unprintable.getClass().getName())
                    .append(')')
                    .toString();
        }
        return page.text.toString();
    }

    /** Takes as much text as is kept. */
    private static final class Page extends Writer {
        final StringBuilder text = new StringBuilder();

        @Override
        public void write(char[] chars, int from, int length) {
            text.append(chars, from, length);
            if (text.length() > Failure.MAX_TRACE) throw new PageFull();
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private static final class PageFull extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PageFull() {
            super(null, null, false, false);
        }
    }
}
