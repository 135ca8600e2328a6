package dev.millrace.node;

/**
 * Ends the rest of a loop early. Ringing is cheap, may be done by anybody, and is never lost: a bell that is rung during a turn ends
 * the rest after it. Many rings before a turn are one.
 */
public final class Bell {

    private volatile boolean rung;
    private volatile Runnable waker = () -> {};

    public void ring() {
        if (rung) return; // whoever rang before has woken the turner, and its turn has not begun
        rung = true;
        waker.run();
    }

    public boolean rung() {
        return rung;
    }

    /** Called by the turner right before each turn, so that what is rung for afterwards is seen by this turn or by the next. */
    public void clear() {
        rung = false;
    }

    /** Who turns the loop says how it is woken. The waker must not block. */
    public void wakes(Runnable waker) {
        this.waker = waker;
    }
}
