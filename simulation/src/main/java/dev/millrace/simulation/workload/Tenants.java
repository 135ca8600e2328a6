package dev.millrace.simulation.workload;

import dev.millrace.simulation.fleet.Script;
import dev.millrace.store.Crowds;
import dev.millrace.store.Delivery;
import dev.millrace.store.NewJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Jobs of tenants: of most a few, now and then, and of some so many at once that these are set aside, in shards that are made while all goes on. Some fail and come back, and now and then operators
 * withdraw one.
 */
final class Tenants implements Workload {

    static final List<String> MANY = List.of("many", "more", "most");
    private static final int FEW = 12;
    private static final int SMALLEST_CROWD = 10;
    private static final int LARGEST_CROWD = 40;

    @Override
    public String name() {
        return "tenants";
    }

    @Override
    public void plan(Office on) {
        for (int left = on.jobs(); left > 0; ) {
            boolean crowd = on.random().nextInt(4) == 0;
            int some = crowd
                    ? on.random().nextInt(SMALLEST_CROWD, LARGEST_CROWD)
                    : 1 + on.random().nextInt(2);
            int jobs = Math.min(left, some);
            left -= jobs;
            var tenant = crowd
                    ? MANY.get(on.random().nextInt(MANY.size()))
                    : "tenant " + on.random().nextInt(FEW);
            on.sometime("a sender of a tenant's jobs", () -> send(on, tenant, jobs));
        }
        for (int i = on.random().nextInt(4); i > 0; i--) on.sometime("an operator cancels", () -> Operators.cancel(on));
    }

    static void send(Office on, String tenant, int jobs) {
        if (on.random().nextInt(5) == 0) {
            SlowProducers.transaction(on, jobs, () -> draft(on, tenant));
            return;
        }
        var drafts = new ArrayList<Office.Draft>();
        for (int i = 0; i < jobs; i++) drafts.add(draft(on, tenant));
        if (on.random().nextInt(3) == 0) drafts.forEach(on::send);
        else on.sendAll(drafts);
    }

    private static Office.Draft draft(Office on, String tenant) {
        var made = on.draft("work", Script.draw(on.random(), false));
        var job = made.job();
        var headers = new TreeMap<>(Map.of(Delivery.TENANT, tenant));
        if (tenant.equals("most")) headers.put(Crowds.SHARE, "2");
        return new Office.Draft(
                new NewJob(
                        job.id(),
                        job.queue(),
                        job.priority(),
                        tenant,
                        job.kind(),
                        job.kindVersion(),
                        job.payload(),
                        headers,
                        job.due(),
                        job.expiresAfter(),
                        null),
                made.script(),
                made.plan());
    }
}
