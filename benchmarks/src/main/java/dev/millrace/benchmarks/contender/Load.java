package dev.millrace.benchmarks.contender;

/** What every job carries, whoever runs it: 100 characters of ASCII, made from the job's number. */
public final class Load {

    /** Bytes of a payload. */
    public static final int BYTES = 100;

    private static final int DIGITS = 19;

    /** Neither all alike, which would be stored in less, nor of chance, which would cost time to make. */
    private static final String FILLING =
            "-the-quick-brown-fox-jumps-over-the-lazy-dog-and-the-five-boxing-wizards-jump-quickly";

    private Load() {}

    /** The payload of a job: its number in 19 digits, and filling. */
    public static String payload(long n) {
        if (n < 0) throw new IllegalArgumentException("Jobs are numbered from 0, and this is %d.".formatted(n));
        var text = new char[BYTES];
        for (int digit = DIGITS - 1; digit >= 0; digit--) {
            text[digit] = (char) ('0' + n % 10);
            n /= 10;
        }
        FILLING.getChars(0, BYTES - DIGITS, text, DIGITS);
        return new String(text);
    }

    /** The number of the job that has this payload. */
    public static long number(String payload) {
        return Long.parseLong(payload, 0, DIGITS, 10);
    }
}
