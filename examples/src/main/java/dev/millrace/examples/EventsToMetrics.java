package dev.millrace.examples;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import dev.millrace.Job;
import dev.millrace.JobEvent;
import dev.millrace.Kind;
import dev.millrace.MemoryStore;
import dev.millrace.Millrace;
import dev.millrace.Retry;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** Shows how what happens on a node becomes metrics: a listener like yours, one case for each event that it counts. */
final class EventsToMetrics {

    @Kind("ping")
    record Ping(int number) implements Job<Integer> {}

    private EventsToMetrics() {}

    public static void main(String[] args) {
        var counters = new ConcurrentSkipListMap<String, LongAdder>(); // instead of a metrics library
        try (var millrace = Millrace.on(new MemoryStore())) {
            millrace.node()
                    .handle(Ping.class, (job, attempt) -> {
                        if (job.number() % 5 == 0 && attempt.number() == 1)
                            throw new IllegalStateException("no answer");
                        return job.number();
                    })
                    .retry(Retry.fixed(ofMillis(10)))
                    .onEvent(event -> {
                        switch (event) {
                            case JobEvent.Started e -> count(counters, "started", e.kind());
                            case JobEvent.Retrying e -> count(counters, "retried", e.kind());
                            case JobEvent.Ended e -> count(counters, e.state().wireName(), e.kind());
                            default -> {}
                        }
                    })
                    .start();
            var pings = millrace.enqueueAll(IntStream.rangeClosed(1, 10).mapToObj(Ping::new));
            pings.forEach(ping -> ping.get(ofSeconds(10)));
        } // events come a moment after the fact; a node that closes tells the last of them
        counters.forEach((name, value) -> System.out.println(name + " " + value));
    }

    private static void count(Map<String, LongAdder> counters, String what, String kind) {
        counters.computeIfAbsent("jobs_" + what + "_total{kind=\"" + kind + "\"}", name -> new LongAdder())
                .increment();
    }
}
