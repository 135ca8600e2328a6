package dev.millrace.crawler.page;

import java.util.concurrent.Semaphore;

/**
 * The memory that pages may take while they are read, all together: many small ones, or a large one alone. Who comes while it is full
 * waits; first come, first served. Safe for use by many threads.
 */
public final class ReadingRoom {

    private static final long UNIT = 1024;

    private final int size;
    private final Semaphore free;

    /**
     * A room.
     *
     * @param bytes how much memory; from 1 KiB to 1 TiB
     */
    public ReadingRoom(long bytes) {
        size = Math.clamp(bytes / UNIT, 1, 1 << 30);
        free = new Semaphore(size, true);
    }

    /** A third of the heap: what else is there are bodies that wait, and the jobs. */
    public static ReadingRoom ofThisProcess() {
        return new ReadingRoom(Runtime.getRuntime().maxMemory() / 3);
    }

    /** Waits until so much is free. One page that needs more than there is gets all of it. */
    Seat enter(long bytes) throws InterruptedException {
        int units = Math.clamp(bytes / UNIT, 1, size);
        free.acquire(units);
        return () -> free.release(units);
    }

    /** A share of the room; to be left once. */
    @FunctionalInterface
    interface Seat extends AutoCloseable {
        @Override
        void close();
    }
}
