package dev.millrace.app.cli;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.millrace.Attempt;
import dev.millrace.Handlers;
import dev.millrace.Job;
import dev.millrace.Kind;
import dev.millrace.NodeBuilder;
import dev.millrace.world.World;
import java.time.Duration;
import tools.jackson.databind.JsonNode;

/** Two kinds for trying out: {@code echo} gives back its payload, {@code sleep} takes its time. */
public final class TryOut implements Handlers {

    private static final Duration STEP = Duration.ofSeconds(1);

    private final World world;

    public TryOut(World world) {
        this.world = world;
    }

    /** Any JSON. */
    @Kind("echo")
    record Echo(@JsonValue JsonNode value) implements Job<JsonNode> {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        Echo {}
    }

    /** So many milliseconds. */
    @Kind("sleep")
    record Sleep(long millis) implements Job<String> {}

    @Override
    public void addTo(NodeBuilder node) {
        node.handle(Echo.class, Echo::value).handle(Sleep.class, this::sleep).deadline(Duration.ofSeconds(30));
    }

    /** In steps, each one a sign that it is slow and not stuck. */
    private String sleep(Sleep job, Attempt attempt) throws InterruptedException {
        long start = world.nanoTime();
        long total = Math.max(0, job.millis());
        long slept = 0;
        while (slept < total && !attempt.cancelled()) {
            var rest = Duration.ofMillis(total - slept);
            world.sleep(rest.compareTo(STEP) < 0 ? rest : STEP);
            slept = Duration.ofNanos(world.nanoTime() - start).toMillis();
            attempt.heartbeat();
            attempt.progress(Math.min(slept, total), total);
        }
        return "slept " + slept + " ms";
    }
}
