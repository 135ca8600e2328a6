package dev.millrace.crawler.fetch;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** How host names become addresses: the platform's way in production, a script in tests. May block for long. */
@FunctionalInterface
public interface NameLookup {

    /**
     * All addresses of a host.
     *
     * @throws UnknownHostException if it has none, or nobody could be asked
     */
    InetAddress[] lookup(String host) throws UnknownHostException;

    /** Asks the platform. */
    static NameLookup system() {
        return InetAddress::getAllByName;
    }
}
