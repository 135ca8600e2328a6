package dev.millrace.app.console;

import java.lang.reflect.InvocationTargetException;
import java.util.Map;

/**
 * What the two output streams lead to.
 *
 * @param out whether a person sees standard output
 * @param err whether a person sees standard error
 * @param colour whether output may be coloured
 * @param width columns of the terminal
 */
public record Terminal(boolean out, boolean err, boolean colour, int width) {

    /** No person looks. */
    public static final Terminal NONE = new Terminal(false, false, false, 120);

    /** What the launcher saw, or else what the JDK says of both streams at once. */
    public static Terminal ofThisProcess() {
        return of(System.getProperty("millrace.terminal"), System.getenv());
    }

    static Terminal of(@org.jspecify.annotations.Nullable String seen, Map<String, String> environment) {
        boolean out;
        boolean err;
        if (seen == null) {
            out = err = jdkSeesOne();
        } else {
            out = seen.contains("out");
            err = seen.contains("err");
        }
        boolean plain = !environment.getOrDefault("NO_COLOR", "").isEmpty() || "dumb".equals(environment.get("TERM"));
        return new Terminal(out, err, out && !plain, width(seen));
    }

    /** The launcher says {@code out err 132}. */
    private static int width(@org.jspecify.annotations.Nullable String seen) {
        if (seen == null) return 120;
        var digits = seen.replaceAll("\\D", "");
        int columns = digits.isEmpty() || digits.length() > 4 ? 0 : Integer.parseInt(digits);
        return columns < 40 ? 120 : columns;
    }

    /** {@code Console.isTerminal} exists from JDK 22 on; before, there was a console only on a terminal. */
    @SuppressWarnings("SystemConsoleNull") // on 21, which is supported, it is null without a terminal
    private static boolean jdkSeesOne() {
        var console = System.console();
        if (console == null) return false;
        try {
            return (boolean) console.getClass().getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException before22) {
            return true;
        } catch (IllegalAccessException | InvocationTargetException unknown) {
            return false;
        }
    }
}
