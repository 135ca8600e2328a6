package dev.millrace.benchmarks.plot;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Where on an axis a value lies.
 *
 * @param low the value at its beginning: 0, or a power of ten if it is logarithmic
 * @param high the value at its end
 */
record Scale(double low, double high, boolean logarithmic) {

    /** Values that are further apart are told by their powers of ten. */
    private static final double FAR_APART = 20;

    /** About so many steps. */
    private static final int STEPS = 5;

    private static final double[] NICE = {1, 2, 2.5, 5, 10};

    /** From 0 to a round value that is no less than any of these. */
    static Scale linear(Collection<Double> values) {
        double most = values.stream().mapToDouble(each -> each).max().orElse(0);
        if (most <= 0) return new Scale(0, 1, false);
        double step = step(most);
        return new Scale(0, Math.ceil(most / step - 1e-9) * step, false);
    }

    /** From 0 to just this value, which the end of a span is. */
    static Scale upTo(double end) {
        return new Scale(0, end > 0 ? end : 1, false);
    }

    /** By powers of ten where the values are far apart and all more than zero; else linear. */
    static Scale of(Collection<Double> values) {
        double least = values.stream().mapToDouble(each -> each).min().orElse(0);
        double most = values.stream().mapToDouble(each -> each).max().orElse(0);
        if (least <= 0 || most / least <= FAR_APART) return linear(values);
        double low = Math.pow(10, Math.floor(Math.log10(least)));
        if (least < 2 * low) low /= 10; // at the very beginning it could not be seen
        return new Scale(low, Math.pow(10, Math.ceil(Math.log10(most) - 1e-9)), true);
    }

    private static double step(double span) {
        double rough = span / STEPS;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        for (double nice : NICE) if (nice * power >= rough * (1 - 1e-9)) return nice * power;
        return 10 * power;
    }

    /** Its share of the axis: 0 at the beginning, 1 at the end, and never beyond them. */
    double share(double value) {
        double share = logarithmic
                ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
                : (value - low) / (high - low);
        return Math.clamp(share, 0.0, 1.0);
    }

    /** The values that are written at it. */
    List<Double> ticks() {
        var ticks = new ArrayList<Double>();
        if (logarithmic) {
            for (int power = (int) Math.rint(Math.log10(low)); power <= Math.rint(Math.log10(high)); power++)
                ticks.add(Math.pow(10, power));
            return ticks;
        }
        double step = step(high);
        for (int i = 0; i * step <= high * (1 + 1e-9); i++) ticks.add(i * step);
        return ticks;
    }

    /** A value of an axis for people. */
    static String words(double value) {
        if (value >= 1_000) return String.format(Locale.ROOT, "%,.0f", value);
        return value == 0
                ? "0"
                : BigDecimal.valueOf(value)
                        .round(new MathContext(4))
                        .stripTrailingZeros()
                        .toPlainString();
    }
}
