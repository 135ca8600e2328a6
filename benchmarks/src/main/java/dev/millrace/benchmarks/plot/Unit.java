package dev.millrace.benchmarks.plot;

/**
 * In what values are shown, so that they are short to read.
 *
 * @param size so much of the report's unit is one of this
 */
record Unit(String name, double size) {

    private static final String[] BYTES = {"bytes", "KB", "MB", "GB", "TB"};
    private static final double THOUSAND = 1_024;

    /** From so many of the smaller unit on the larger one is taken. */
    private static final double ENOUGH = 10 * THOUSAND;

    /** For values of this unit, of which this is the largest. */
    static Unit of(String unit, double most) {
        if (!unit.equals(BYTES[0])) return new Unit(unit, 1);
        double size = 1;
        int i = 0;
        for (; i < BYTES.length - 1 && most / size >= ENOUGH; i++) size *= THOUSAND;
        return new Unit(BYTES[i], size);
    }
}
