package dev.millrace.simulation.workload;

import dev.millrace.Priority;
import dev.millrace.simulation.checker.NobodyStarves.Beside;
import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Crowds;
import dev.millrace.store.Delivery;
import dev.millrace.store.NewJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Far more at once than the nodes can run, and a little beside it while that lasts: a tenant's flood and the few jobs of others; or a flood of ordinary jobs and a few in bulk. Those beside it
 * must not wait for all of it. Or two tenants flood at once, and have their shares.
 */
final class Floods implements Workload {

    private static final String QUEUE = "first";

    /** One job in so many is none of the flood's. */
    private static final int OTHERS = 8;

    private static final int IN_BULK = 3;
    private static final int BULK = 50;

    /** How long a job of it takes at most, and one beside it: so long that the flood lasts. */
    private static final int LONGEST_MILLIS = 150;

    /** Those beside it come so soon after its beginning. */
    private static final int SOON_MILLIS = 1_000;

    /** Tenants that flood at once, and their shares. */
    private static final Map<String, Integer> SHARES = new TreeMap<>(Map.of("bronze", 1, "gold", 3));

    @Override
    public String name() {
        return "floods";
    }

    @Override
    public void plan(Office on) {
        if (on.random().nextInt(3) == 0) {
            on.sometime("two floods", () -> floods(on));
            return;
        }
        var side = on.random().nextBoolean() ? Beside.A_TENANTS_FLOOD : Beside.HIGHER_PRIORITIES;
        int others = side == Beside.A_TENANTS_FLOOD ? on.jobs() / OTHERS : Math.min(IN_BULK, on.jobs());
        var begin = Duration.ofNanos(on.random().nextLong(on.hours().toNanos() / 2));
        on.at(begin, "a flood", () -> flood(on, side, on.jobs() - others));
        for (int i = 0; i < others; i++) {
            int no = i;
            on.at(
                    begin.plusMillis(on.random().nextInt(SOON_MILLIS)),
                    "somebody beside a flood",
                    () -> beside(on, side, no));
        }
    }

    /** One of each tenant, in as many pieces as it has, by turns. */
    private static void floods(Office on) {
        int each = on.jobs() / SHARES.size();
        var shares = on.fleet().shares();
        boolean all = true;
        for (int left = each; left > 0; left -= BULK) {
            for (var one : SHARES.entrySet()) {
                var drafts = new ArrayList<Office.Draft>();
                for (int i = Math.min(left, BULK); i > 0; i--)
                    drafts.add(draft(on, Priority.NORMAL, one.getKey(), one.getValue()));
                for (var draft : drafts) shares.comes(draft.job().id(), one.getKey(), one.getValue());
                on.sendAll(List.copyOf(drafts));
                all &= drafts.stream()
                        .allMatch(draft -> on.intended().certain(draft.job().id()));
            }
        }
        if (all) shares.begins();
    }

    private static void flood(Office on, Beside side, int jobs) {
        var tenant = side == Beside.A_TENANTS_FLOOD ? "flood" : null;
        for (int left = jobs; left > 0; left -= BULK) {
            var drafts = new ArrayList<Office.Draft>();
            for (int i = Math.min(left, BULK); i > 0; i--) drafts.add(draft(on, Priority.NORMAL, tenant, 1));
            for (var draft : drafts) on.fleet().starving().floods(draft.job().id(), side);
            on.sendAll(List.copyOf(drafts));
        }
    }

    private static void beside(Office on, Beside side, int no) {
        var draft = side == Beside.A_TENANTS_FLOOD
                ? draft(on, Priority.NORMAL, "small " + no, 1)
                : draft(on, Priority.BULK, null, 1);
        var job = draft.job().id();
        on.fleet().starving().comes(job, side);
        on.send(draft);
        if (on.intended().certain(job)) on.fleet().starving().waits(job);
    }

    private static Office.Draft draft(Office on, Priority priority, @Nullable String tenant, int share) {
        var headers = new TreeMap<String, String>();
        if (tenant != null) headers.put(Delivery.TENANT, tenant);
        if (share > 1) headers.put(Crowds.SHARE, Integer.toString(share));
        var script = Script.plain(Duration.ofMillis(on.random().nextInt(LONGEST_MILLIS)));
        var made = on.draft("work", 1, QUEUE, script, null);
        var job = new NewJob(
                made.job().id(), QUEUE, priority, tenant, "work", 1, made.job().payload(), headers, null, null, null);
        return new Office.Draft(job, script, made.plan());
    }
}
