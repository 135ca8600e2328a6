package dev.millrace;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The threads on which handlers run now: to refuse there what would wait for another handler's slot. */
final class HandlerThreads {

    private final Set<Thread> inside = ConcurrentHashMap.newKeySet();

    void enter() {
        inside.add(Thread.currentThread());
    }

    void leave() {
        inside.remove(Thread.currentThread());
    }

    void refuseToWait() {
        if (inside.contains(Thread.currentThread()))
            throw new MillraceException(
                    "A handler can't wait for another job. It would hold a slot while it waits for one. "
                            + "In a workflow use flow.call(…), else enqueue and let the reply be a job.");
    }
}
