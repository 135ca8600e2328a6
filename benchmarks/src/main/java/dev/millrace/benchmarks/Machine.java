package dev.millrace.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * On what it was measured. Database, engine and handlers share these cores, unless the database is elsewhere.
 *
 * @param loadAverage processes that wanted to run, before anything was measured; negative where nobody knows
 * @param settings of the database, those that matter here
 */
public record Machine(
        int cores,
        long memoryMegabytes,
        String system,
        String processor,
        String java,
        double loadAverage,
        String database,
        Map<String, String> settings) {

    private static final String SETTINGS = """
            SELECT name, current_setting(name) FROM pg_settings
             WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'wal_compression', 'wal_sync_method',
                   'wal_buffers', 'max_wal_size', 'checkpoint_timeout', 'shared_buffers', 'work_mem', 'max_connections',
                   'commit_delay', 'commit_siblings', 'autovacuum', 'jit', 'track_io_timing', 'data_checksums')
            """;

    /** This one, and this database. */
    public static Machine look(DataSource dataSource) throws SQLException {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        var settings = new TreeMap<String, String>();
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(SETTINGS)) {
            while (rows.next()) settings.put(rows.getString(1), rows.getString(2));
            return new Machine(
                    system.getAvailableProcessors(),
                    system.getTotalMemorySize() >> 20,
                    "%s %s %s".formatted(system.getName(), system.getVersion(), system.getArch()),
                    processorOfThis(),
                    "%s %s".formatted(System.getProperty("java.vm.name"), Runtime.version()),
                    system.getSystemLoadAverage(),
                    "PostgreSQL " + connection.getMetaData().getDatabaseProductVersion(),
                    settings);
        }
    }

    private static String processorOfThis() {
        var facts = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(facts)) return "unknown";
        try (var lines = Files.lines(facts)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    boolean fsync() {
        return "on".equals(settings.get("fsync"));
    }

    /** In one line. */
    String words() {
        return "%d cores (%s), %,d MB, %s, %s, %s, fsync %s, synchronous_commit %s"
                .formatted(
                        cores,
                        processor,
                        memoryMegabytes,
                        system,
                        java,
                        database,
                        settings.getOrDefault("fsync", "unknown"),
                        settings.getOrDefault("synchronous_commit", "unknown"));
    }
}
