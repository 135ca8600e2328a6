package dev.millrace.benchmarks.trial;

import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.GcInfo;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What this process keeps in memory.
 *
 * @param heapBytes used right after the last collection, of whichever sort; not a number before the first. A small collection leaves
 *     what had grown old, dead or alive, so this rises from one full collection to the next
 * @param residentBytes what the system keeps in memory for it; not a number where the system does not tell
 */
record OwnMemory(double heapBytes, double residentBytes) {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String RESIDENT = "VmRSS:";

    static OwnMemory read() {
        return new OwnMemory(heapAfterCollection(), residentIn(STATUS));
    }

    private static double heapAfterCollection() {
        var heap = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getName)
                .collect(Collectors.toSet());
        return ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class).stream()
                .map(GarbageCollectorMXBean::getLastGcInfo)
                .filter(Objects::nonNull)
                .max(Comparator.comparingLong(GcInfo::getEndTime))
                .map(last -> last.getMemoryUsageAfterGc().entrySet().stream()
                        .filter(pool -> heap.contains(pool.getKey()))
                        .mapToDouble(pool -> pool.getValue().getUsed())
                        .sum())
                .orElse(Double.NaN);
    }

    /** From a status file of Linux. */
    static double residentIn(Path status) {
        if (!Files.isReadable(status)) return Double.NaN;
        try (var lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith(RESIDENT))
                    .map(line -> line.substring(RESIDENT.length()).replaceAll("\\D", ""))
                    .filter(kilobytes -> !kilobytes.isEmpty())
                    .mapToDouble(kilobytes -> Long.parseLong(kilobytes) * 1_024.0)
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException | java.io.UncheckedIOException e) {
            return Double.NaN;
        }
    }
}
