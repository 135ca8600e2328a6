package dev.millrace.postgres;

import dev.millrace.JobId;
import dev.millrace.store.Ended;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Which entries of a flush end parts of batches, by the numbers that the flush answers. {@code migration/V030__batches.sql}. */
record FlushParts(long[] numbers, UUID[] batches, String[] endings) {

    /**
     * Finds them; null if there are none, as in most flushes.
     *
     * @param rows the entries that are rows of their own, in the order of their numbers
     */
    static @Nullable FlushParts of(List<Ended> ended, int[] rows, FlushBatches together) {
        if (ended.stream().allMatch(entry -> entry.partOf() == null)) return null;
        var found = new ArrayList<Part>();
        for (int i = 0; i < rows.length; i++) add(found, ended.get(rows[i]), i + 1);
        for (int i = 0; i < ended.size() - rows.length; i++) add(found, ended.get(together.entry(i)), -(i + 1L));
        return new FlushParts(
                found.stream().mapToLong(Part::number).toArray(),
                found.stream().map(part -> part.batch().value()).toArray(UUID[]::new),
                found.stream().map(Part::ending).toArray(String[]::new));
    }

    private record Part(long number, JobId batch, String ending) {}

    private static void add(List<Part> found, Ended entry, long number) {
        var batch = entry.partOf();
        if (batch != null)
            found.add(new Part(number, batch, entry.ending().leadsTo().wireName()));
    }

    /** These parameters, and its own behind them. */
    @Nullable
    Object[] behind(@Nullable Object[] parameters) {
        var all = Arrays.copyOf(parameters, parameters.length + 3);
        all[parameters.length] = numbers;
        all[parameters.length + 1] = batches;
        all[parameters.length + 2] = endings;
        return all;
    }
}
