package dev.millrace.node;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What a node counts, over all its incarnations. Each is raised after the fact, never before. */
final class Tally {
    final LongAdder claimed = new LongAdder();
    final LongAdder started = new LongAdder();
    final LongAdder completed = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder rescued = new LongAdder();
    final LongAdder deposed = new LongAdder();
    final LongAdder refusedWrites = new LongAdder();
    final LongAdder lostOutcomes = new LongAdder();
    final LongAdder notesDropped = new LongAdder();
    final LongAdder loopFailures = new LongAdder();

    /** Handlers that were told to end and have not yet; a thread may raise its own end before its interrupter has counted it. */
    final AtomicInteger stuckThreads = new AtomicInteger();
}
