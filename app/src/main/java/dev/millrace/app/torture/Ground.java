package dev.millrace.app.torture;

import java.nio.file.Path;

/** The database that is tortured, and what of it can be. Closing it leaves a given database alone and ends one of our own. */
sealed interface Ground extends AutoCloseable permits GivenGround, OwnGround {

    /** The way in, past all proxies. */
    Login login();

    /** A schema that nothing else uses. */
    String schema();

    /** Where logs and traces go; empty at first. */
    Path logs();

    /** Whether it can suffer this. */
    boolean bears(FaultKind kind);

    /** Stops the server without a shutdown. It is started again by itself. */
    void stopServer(Fault.Restart.How how);

    void fillDisk();

    void makeRoom();

    /** A promise was broken: what can be looked at stays.  Returns where it is. */
    String keep();

    /** Nothing of the run is to stay. */
    void discard();

    @Override
    void close();
}
