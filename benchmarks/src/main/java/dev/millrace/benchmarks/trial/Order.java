package dev.millrace.benchmarks.trial;

import dev.millrace.benchmarks.contender.Ground;
import org.jspecify.annotations.Nullable;

/**
 * What a child process is told to do: a line of JSON on its standard input, since the database's password is in it.
 *
 * @param contender its name: {@link Child#MILLRACE}, {@link Child#RAW}, or a peer
 * @param held whether a reader holds a snapshot all the while, as a long report would
 * @param sizes of what is measured; {@link Sizes#warmUp} of them comes before
 * @param warm where it warms up; null if it does not
 * @param ground where it is measured
 */
public record Order(
        Regime regime,
        String contender,
        boolean held,
        Sizes sizes,
        @Nullable Ground warm,
        Ground ground) {}
