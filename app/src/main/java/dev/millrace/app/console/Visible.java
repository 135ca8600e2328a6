package dev.millrace.app.console;

/**
 * What others wrote (handlers, senders of jobs, web pages), made fit for a terminal: it may say what it likes, and do nothing. Characters
 * that steer a terminal are shown instead of obeyed; so are those that turn the direction of writing around.
 */
public final class Visible {

    private static final int PICTURES = 0x2400; // of the first 32 characters, in their order
    private static final int PICTURE_OF_DELETE = 0x2421;
    private static final int REPLACEMENT = 0xFFFD;

    private Visible() {}

    /** The text with line ends and tabs as they are. */
    public static String text(String text) {
        if (text.codePoints().noneMatch(Visible::steers)) return text;
        var shown = new StringBuilder(text.length());
        text.codePoints().map(Visible::shown).forEach(shown::appendCodePoint);
        return shown.toString();
    }

    /** The text in one line. */
    public static String line(String text) {
        return text(text.replaceAll("\\s+", " "));
    }

    private static boolean steers(int c) {
        return (Character.isISOControl(c) && c != '\n' && c != '\t') || turns(c);
    }

    private static boolean turns(int c) {
        return (c >= 0x202A && c <= 0x202E)
                || (c >= 0x2066 && c <= 0x2069)
                || c == 0x200E
                || c == 0x200F
                || c == 0x061C;
    }

    private static int shown(int c) {
        if (!steers(c)) return c;
        if (c < 0x20) return PICTURES + c;
        return c == 0x7F ? PICTURE_OF_DELETE : REPLACEMENT;
    }
}
