package dev.millrace.benchmarks.trial;

import dev.millrace.MillraceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A steady stream for long, in whose midst somebody holds a snapshot, and what becomes of it, one sample an interval. Jobs arrive all
 * the while in a thread of their own; who samples never holds them up, and a sample that comes late is longer.
 */
final class Soak implements Trial {

    private static final Duration SETTLE = Duration.ofMillis(500);

    @Override
    public Findings play(Stage stage) throws Exception {
        try (var stream = SteadyStream.open(stage);
                var meter = new Meter(stage.ground())) {
            stage.rest(SETTLE);
            var producer = new FutureTask<Long>(() -> {
                stream.send(stage.sizes().seconds());
                return stream.sent();
            });
            var sampling = new Sampling(stage, stream, meter, producer);
            try {
                Thread.ofVirtual().name("producer").start(producer);
                return sampling.play();
            } finally {
                producer.cancel(true);
            }
        }
    }

    /** One soak, and what it has seen. */
    private static final class Sampling {

        private final Stage stage;
        private final SteadyStream stream;
        private final Meter meter;
        private final FutureTask<Long> producer;
        private final List<Sample> samples = new ArrayList<>();
        private final Counts first;
        private Counts before;
        private Latencies latencies = new Latencies();
        private boolean lost;

        Sampling(Stage stage, SteadyStream stream, Meter meter, FutureTask<Long> producer) {
            this.stage = stage;
            this.stream = stream;
            this.meter = meter;
            this.producer = producer;
            stream.into(latencies);
            first = counts(meter.read());
            before = first;
        }

        Findings play() throws Exception {
            var sizes = stage.sizes();
            HeldSnapshot snapshot = null;
            try {
                for (var edge : Edge.of(sizes.seconds(), sizes.heldSeconds())) {
                    if (edge.held() && snapshot == null) {
                        snapshot = Database.holdSnapshot(stage.ground());
                        stage.narrator().say("a snapshot is held from now on");
                    }
                    if (!edge.held() && snapshot != null) {
                        snapshot.close();
                        snapshot = null;
                        stage.narrator().say("it is held no more");
                    }
                    double early = edge.second() - stage.seconds(first.nanos());
                    if (early <= 0 && !edge.last()) continue; // it is late: the next sample has this one's time too
                    if (early > 0) stage.rest(Duration.ofNanos((long) (early * 1e9)));
                    take(snapshot);
                    if (edge.last()) say();
                }
            } finally {
                if (snapshot != null) snapshot.close();
            }
            return findings();
        }

        private Counts counts(Meter.Levels levels) {
            long done = stream.done();
            return new Counts(
                    stage.world().nanoTime(),
                    stream.sent(),
                    done,
                    levels.walBytes(),
                    OwnCost.read().cpuNanos());
        }

        private void take(@Nullable HeldSnapshot snapshot) throws Exception {
            if (producer.state() == Future.State.FAILED)
                throw new MillraceException(
                        "No more jobs could be enqueued after %.0f s.".formatted(stage.seconds(first.nanos())),
                        producer.exceptionNow());
            var levels = meter.read();
            var now = counts(levels);
            var seen = latencies;
            latencies = new Latencies();
            stream.into(latencies);

            var memory = OwnMemory.read();
            var values = new EnumMap<Gauge, Double>(now.since(before));
            values.put(Gauge.PICK_UP_P50, seen.millis(0.5));
            values.put(Gauge.PICK_UP_P99, seen.millis(0.99));
            values.put(Gauge.STREAM_BYTES, levels.streamBytes());
            values.put(Gauge.OTHER_BYTES, levels.otherBytes());
            values.put(Gauge.DEAD_ROWS, levels.deadRows());
            values.put(Gauge.HEAP, memory.heapBytes());
            values.put(Gauge.RESIDENT, memory.residentBytes());
            boolean held = snapshot != null && snapshot.isHeld();
            if (snapshot != null && !held) lost = true;
            samples.add(new Sample(now.secondsSince(first), now.secondsSince(before), held, values));
            before = now;
        }

        private void say() {
            var values = samples.getLast().values();
            stage.narrator()
                    .say("%,.0f jobs a second, 99 of 100 picked up within %.2f ms, relations that are updated %,.0f KB"
                            .formatted(
                                    values.getOrDefault(Gauge.RUN, Double.NaN),
                                    values.getOrDefault(Gauge.PICK_UP_P99, Double.NaN),
                                    values.getOrDefault(Gauge.OTHER_BYTES, Double.NaN) / 1_024));
        }

        private Findings findings() throws Exception {
            long sent = producer.get();
            var values = new EnumMap<Metric, Double>(Thirds.of(samples));
            values.put(Metric.BACKLOG_AT_END, (double) Math.max(0, sent - stream.done()));
            stream.drain();
            values.put(Metric.TAKEN, (double) sent);
            values.put(Metric.DONE, (double) stream.done());
            return new Findings(
                    values,
                    MillraceContender.card(stage.sizes().slots()),
                    lost
                            ? List.of(
                                    "the server ended who held the snapshot before its time was over: see held in the series")
                            : List.of(),
                    null,
                    List.copyOf(samples));
        }
    }
}
