package dev.millrace.app.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BinariesIT {

    @TempDir
    Path parent;

    private final ConcurrentLinkedQueue<EmbeddedServerEvent> events = new ConcurrentLinkedQueue<>();

    @Test
    void they_are_unpacked_once_even_by_two_at_a_time_and_again_when_something_is_missing() throws Exception {
        var abandoned = Files.createDirectory(parent.resolve(id() + ".unpacking-1-2"));
        Files.writeString(abandoned.resolve("half"), "a file of a process that was killed");

        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var both = executor.invokeAll(List.<Callable<Binaries>>of(this::unpacked, this::unpacked));
            assertThat(both.get(0).get().program("postgres"))
                    .isEqualTo(both.get(1).get().program("postgres"));
        }
        assertThat(events).hasSize(1);
        assertThat(Path.of(unpacked().program("postgres"))).isExecutable();
        assertThat(names()).containsExactlyInAnyOrder(id(), id() + ".lock");

        Files.writeString(Path.of(unpacked().program("initdb")), ""); // what a power cut leaves
        assertThat(Path.of(unpacked().program("initdb"))).isNotEmptyFile();
        assertThat(events).hasSize(2);
    }

    private Binaries unpacked() {
        return Binaries.unpacked(parent, Machine.real(), events::add);
    }

    private static String id() {
        return Binaries.unpacked(Sandbox.BINARIES, Machine.real(), event -> {}).id();
    }

    private List<String> names() throws Exception {
        try (Stream<Path> files = Files.list(parent)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
