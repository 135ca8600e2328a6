package dev.millrace.app.http;

import dev.millrace.MillraceException;
import dev.millrace.Node;
import dev.millrace.Operations;
import dev.millrace.QueueView;
import dev.millrace.world.World;
import io.javalin.http.Context;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Figures for Prometheus, gathered when they are asked for. What is not known is absent, never 0: a graph then shows a gap. Queues are
 * bounded: the first {@value #QUEUES} by name, and how many were left out.
 */
final class Metrics implements AutoCloseable {

    static final int QUEUES = 200;

    /** Counting a queue reads up to 10,000 rows of it. */
    private static final Duration AGE = Duration.ofSeconds(5);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Supplier<Node.Status> node;
    private final Cached<List<QueueView>> queues;
    private final World world;

    Metrics(Operations operations, Supplier<Node.Status> node, World world) {
        this.node = node;
        this.world = world;
        this.queues = new Cached<>(AGE, world, operations::queues);
        MeterBinder[] jvm = {new JvmMemoryMetrics(), new JvmThreadMetrics(), new ProcessorMetrics(), new UptimeMetrics()
        };
        for (var binder : jvm) binder.bindTo(registry);
        MultiCollector engine = this::collect;
        registry.getPrometheusRegistry().register(engine);
    }

    void scrape(Context context) {
        var figures = registry.scrape();
        context.contentType("text/plain; version=0.0.4; charset=utf-8").result(figures);
    }

    private MetricSnapshots collect() {
        var all = new ArrayList<MetricSnapshot>();
        addNode(all, node.get());
        try {
            addQueues(all, queues.get());
            all.add(gauge("millrace_database_up", "Whether the database answered", 1));
        } catch (MillraceException noDatabase) {
            all.add(gauge("millrace_database_up", "Whether the database answered", 0));
        }
        return new MetricSnapshots(all);
    }

    private static void addNode(List<MetricSnapshot> all, Node.Status node) {
        all.add(gauge("millrace_node_trusted", "Whether its signs of life go through", node.trusted() ? 1 : 0));
        all.add(gauge("millrace_node_slots", "Attempts that may run at once", node.slots()));
        all.add(gauge("millrace_node_running", "Attempts that run", node.running()));
        all.add(gauge("millrace_node_waiting", "Deliveries claimed and not started", node.waiting()));
        all.add(gauge("millrace_node_unwritten", "Ended attempts whose outcome is not durable yet", node.unwritten()));
        all.add(gauge(
                "millrace_node_stuck_threads", "Handlers that were told to end and have not", node.stuckThreads()));
        var oldest = node.oldestRunning();
        if (oldest != null)
            all.add(gauge("millrace_node_oldest_running_seconds", "How long the oldest attempt runs", seconds(oldest)));
        var beat = node.sinceBeat();
        if (beat != null)
            all.add(gauge(
                    "millrace_node_since_beat_seconds",
                    "How long ago its last sign of life went through",
                    seconds(beat)));
        var counts = node.counts();
        all.add(counter("millrace_node_claimed", "Deliveries claimed", counts.claimed()));
        all.add(counter("millrace_node_started", "Attempts started", counts.started()));
        all.add(counter("millrace_node_completed", "Attempts that completed their job", counts.completed()));
        all.add(counter("millrace_node_failed", "Attempts that failed or ran into their deadline", counts.failed()));
        all.add(counter("millrace_node_rescued", "Deliveries of dead nodes taken over", counts.rescued()));
        all.add(counter("millrace_node_deposed", "Dead nodes found", counts.deposed()));
        all.add(counter(
                "millrace_node_refused_writes", "Steps refused because it had been deposed", counts.refusedWrites()));
        all.add(counter("millrace_node_lost_outcomes", "Outcomes that did not count", counts.lostOutcomes()));
        all.add(counter("millrace_node_events_dropped", "Events that found the queue full", counts.eventsDropped()));
        all.add(counter(
                "millrace_node_notes_dropped",
                "Log lines and progress that found the queue full",
                counts.notesDropped()));
        all.add(counter(
                "millrace_node_turn_failures",
                "Turns of its loops that failed and were tried again",
                counts.failures()));
    }

    private void addQueues(List<MetricSnapshot> all, List<QueueView> queues) {
        var jobs = GaugeSnapshot.builder()
                .name("millrace_queue_jobs")
                .help("Jobs by queue and state; counted up to 10,000, beyond that a lower bound");
        var exact = GaugeSnapshot.builder()
                .name("millrace_queue_jobs_exact")
                .help("1 if millrace_queue_jobs was counted to the end, 0 if it is a lower bound");
        var paused = GaugeSnapshot.builder().name("millrace_queue_paused").help("1 if the queue is paused");
        var oldest = GaugeSnapshot.builder()
                .name("millrace_queue_oldest_available_seconds")
                .help("How long the job that waits longest has been available; absent if none waits");
        var now = world.now();
        for (var queue : queues.subList(0, Math.min(QUEUES, queues.size()))) {
            add(jobs, exact, queue.name(), "available", queue.available());
            add(jobs, exact, queue.name(), "running", queue.running());
            add(jobs, exact, queue.name(), "scheduled", queue.scheduled());
            add(jobs, exact, queue.name(), "retryable", queue.retryable());
            add(jobs, exact, queue.name(), "parked", queue.parked());
            var labels = Labels.of("queue", queue.name());
            paused.dataPoint(point(labels, queue.pausedBecause() == null ? 0 : 1));
            var since = queue.oldestAvailable();
            if (since != null) oldest.dataPoint(point(labels, Math.max(0, seconds(Duration.between(since, now)))));
        }
        all.add(jobs.build());
        all.add(exact.build());
        all.add(paused.build());
        all.add(oldest.build());
        all.add(gauge(
                "millrace_queues_left_out",
                "Queues beyond the first %d, without figures".formatted(QUEUES),
                Math.max(0, queues.size() - QUEUES)));
    }

    private static void add(
            GaugeSnapshot.Builder jobs,
            GaugeSnapshot.Builder exact,
            String queue,
            String state,
            QueueView.Depth depth) {
        var labels = Labels.of("queue", queue, "state", state);
        jobs.dataPoint(point(labels, (double) depth.count()));
        exact.dataPoint(point(labels, depth.exact() ? 1 : 0));
    }

    private static GaugeSnapshot.GaugeDataPointSnapshot point(Labels labels, double value) {
        return GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .labels(labels)
                .value(value)
                .build();
    }

    private static GaugeSnapshot gauge(String name, String help, double value) {
        return GaugeSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(point(Labels.EMPTY, value))
                .build();
    }

    private static CounterSnapshot counter(String name, String help, long value) {
        return CounterSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .value((double) value)
                        .build())
                .build();
    }

    private static double seconds(Duration span) {
        return span.toMillis() / 1000.0;
    }

    @Override
    public void close() {
        registry.close();
    }
}
