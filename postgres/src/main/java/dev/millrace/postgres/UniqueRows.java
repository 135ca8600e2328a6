package dev.millrace.postgres;

import dev.millrace.store.NewJob;
import dev.millrace.store.NewJob.Due;
import dev.millrace.store.Payload;
import dev.millrace.store.StreamInfo;
import dev.millrace.store.UniqueKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Jobs with unique keys on their way to {@code enqueue_unique}. They go in the order of their keys, as many as are kept at once, so that bulks which bring the
 * same keys do not wait for each other in a ring.
 */
final class UniqueRows {

    /** Jobs that are kept, and about how many characters of payload. */
    private static final int MOST = 10_000;

    private static final int MOST_CHARACTERS = 8 << 20;

    /** Jobs in one call. */
    private static final int CALL = 500;

    private final Json json;
    private final List<Row> rows = new ArrayList<>();
    private int characters;

    private record Row(NewJob job, StreamInfo stream) {
        String key() {
            return Objects.requireNonNull(job.unique()).key();
        }
    }

    UniqueRows(Json json) {
        this.json = json;
    }

    void add(NewJob job, StreamInfo stream) {
        rows.add(new Row(job, stream));
        characters += text(job).length();
    }

    boolean full() {
        return rows.size() == MOST || characters >= MOST_CHARACTERS;
    }

    /** How many calls it takes. */
    int calls() {
        rows.sort(Comparator.comparing(Row::key)); // stable: of one key the first one counts
        return (rows.size() + CALL - 1) / CALL;
    }

    /** The jobs of a call. */
    List<NewJob> jobs(int call) {
        return call(call).stream().map(Row::job).toList();
    }

    private List<Row> call(int call) {
        return rows.subList(call * CALL, Math.min(rows.size(), (call + 1) * CALL));
    }

    void clear() {
        rows.clear();
        characters = 0;
    }

    /**
     * A call as the function takes it.
     *
     * @param withdraws whether what has not started may be withdrawn: only in a statement that commits by itself
     * @param sure whether the streams are what they are taken for, or will be looked at later
     */
    @Nullable
    Object[] parameters(int call, boolean withdraws, boolean sure) {
        var jobs = jobs(call);
        var streams = call(call).stream().map(Row::stream).toList();
        int count = jobs.size();
        var keys = new String[count];
        var policies = new String[count];
        var policyMillis = new @Nullable Long[count];
        var moments = new @Nullable Instant[count];
        var delays = new @Nullable Long[count];
        var ids = new UUID[count];
        var kinds = new String[count];
        var versions = new int[count];
        var payloads = new String[count];
        var headers = new @Nullable String[count];
        var expiries = new @Nullable Long[count];
        for (int i = 0; i < count; i++) {
            var job = jobs.get(i);
            var unique = Objects.requireNonNull(job.unique());
            keys[i] = unique.key();
            policies[i] = policy(unique);
            policyMillis[i] = policyMillis(unique);
            moments[i] = switch (job.due()) {
                case Due.At(var moment) -> moment;
                case Due.After after -> Session.NO_TIME;
                case Due.In in -> null;
                case null -> null;
            };
            delays[i] = job.due() instanceof Due.In(var delay) ? delay.toMillis() : null;
            ids[i] = job.id().value();
            kinds[i] = job.kind();
            versions[i] = job.kindVersion();
            payloads[i] = text(job);
            headers[i] = json.write(job.headers());
            expiries[i] = millis(job.expiresAfter());
        }
        return new @Nullable Object[] {
            keys,
            policies,
            policyMillis,
            withdraws,
            sure,
            streams.stream().mapToInt(StreamInfo::id).toArray(),
            streams.stream().map(StreamInfo::queue).toArray(String[]::new),
            streams.stream().mapToInt(stream -> stream.priority().rank()).toArray(),
            moments,
            delays,
            ids,
            kinds,
            versions,
            payloads,
            headers,
            expiries
        };
    }

    /** The policy's name in the schema. */
    static String policy(UniqueKey unique) {
        return switch (unique.policy()) {
            case UniqueKey.UntilEnded until -> "until_ended";
            case UniqueKey.Within within -> "within";
            case UniqueKey.Replace replace -> "replace";
            case UniqueKey.Debounce debounce -> "debounce";
        };
    }

    /** A key as it was written. */
    static @Nullable UniqueKey read(@Nullable String key, @Nullable String policy, long millis) {
        if (key == null || policy == null) return null;
        return new UniqueKey(
                key,
                switch (policy) {
                    case "until_ended" -> new UniqueKey.UntilEnded();
                    case "within" -> new UniqueKey.Within(Duration.ofMillis(millis));
                    case "replace" -> new UniqueKey.Replace();
                    case "debounce" -> new UniqueKey.Debounce(Duration.ofMillis(millis));
                    default -> throw new IllegalStateException("The schema knows no policy " + policy);
                });
    }

    /** The time that a policy speaks of; null if it speaks of none. */
    static @Nullable Long policyMillis(UniqueKey unique) {
        return switch (unique.policy()) {
            case UniqueKey.UntilEnded until -> null;
            case UniqueKey.Within(var window) -> window.toMillis();
            case UniqueKey.Replace replace -> null;
            case UniqueKey.Debounce(var atMost) -> atMost.toMillis();
        };
    }

    private static String text(NewJob job) {
        if (job.payload() instanceof Payload.Text(var text)) return text;
        throw new IllegalStateException("PostgreSQL keeps text, not values");
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : duration.toMillis();
    }
}
