package dev.millrace.node;

import dev.millrace.Priority;
import dev.millrace.store.Delivery;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which tenants are set aside, by what was read from side shards lately: what of them is in other streams, since it came back by the front or was enqueued before, does not start before others either. */
final class Asides {

    private static final long LATELY = Duration.ofSeconds(10).toNanos();
    private static final int MOST = 10_000;

    private final Map<Whose, Seen> tenants = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Whose, Seen> eldest) {
            return size() > MOST;
        }
    };

    private record Whose(String queue, Priority priority, String tenant) {}

    private record Seen(int stream, long at) {}

    private static @Nullable Whose whose(HeldDelivery held) {
        var delivery = held.delivery();
        var tenant = delivery.headers().get(Delivery.TENANT);
        return tenant == null ? null : new Whose(delivery.queue(), delivery.priority(), tenant);
    }

    /** One has been read from a side shard. */
    void isRead(HeldDelivery held, int stream, long now) {
        var whose = whose(held);
        if (whose != null) tenants.put(whose, new Seen(stream, now));
    }

    /** One has been read from another stream: if its tenant is set aside, it is so as well. */
    void comesBack(HeldDelivery held, long now) {
        if (tenants.isEmpty()) return;
        var whose = whose(held);
        var seen = whose == null ? null : tenants.get(whose);
        if (seen != null && now - seen.at < LATELY) held.isAside(seen.stream);
    }
}
