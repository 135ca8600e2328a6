package dev.millrace.crawler.fetch;

/** Why a fetch failed. The names are stable: they are counted, stored and shown. */
public enum Reason {
    /** The name of the host has no address, or the name server can't be asked. */
    DNS(Again.A_FEW_TIMES),
    /** The host has only addresses that a crawl of the public web must not touch. */
    REFUSED_ADDRESS(Again.NEVER),
    /** Nothing listens at the address, or nothing leads there. */
    UNREACHABLE(Again.YES),
    /** The time was up: for connecting, or for all of it. */
    TIMEOUT(Again.YES),
    /** The connection ended before the answer did. */
    CONNECTION_LOST(Again.YES),
    /** No trust: the certificate, the host name in it, or the versions of TLS. */
    TLS(Again.NEVER),
    /** What came is not HTTP, or breaks its rules. */
    PROTOCOL(Again.NEVER),
    /** The body is compressed in a way that was not offered, or is damaged. */
    BAD_ENCODING(Again.NEVER),
    /** The body has more bytes than allowed. */
    TOO_LARGE(Again.NEVER),
    /** The body is small on the wire and huge unpacked, by more than markup can be. */
    BOMB(Again.NEVER),
    /** A redirect led back to a page that had sent away before. */
    REDIRECT_LOOP(Again.NEVER),
    /** More redirects in a row than allowed. */
    TOO_MANY_REDIRECTS(Again.NEVER),
    /** A redirect to nowhere, or to something that is no page. */
    BAD_REDIRECT(Again.NEVER),
    /** The server says that the request is at fault: 4xx. */
    STATUS_CLIENT_ERROR(Again.NEVER),
    /** The server says that it is at fault itself: 5xx. */
    STATUS_SERVER_ERROR(Again.NEVER),
    /** A status that is no answer to a plain request. */
    STATUS_UNEXPECTED(Again.NEVER);

    /** Whether the same request can succeed later. */
    public enum Again {
        /** No: the same request gets the same answer. */
        NEVER,
        /** Hardly: it is worth a second and a third try, in case the fault is ours. */
        A_FEW_TIMES,
        /** Yes: such things pass. */
        YES
    }

    private final Again again;

    Reason(Again again) {
        this.again = again;
    }

    /** Whether the same request can succeed later, judged by the reason alone. */
    Again again() {
        return again;
    }

    /** The reason that a status is. */
    static Reason ofStatus(int status) {
        return switch (status / 100) {
            case 4 -> STATUS_CLIENT_ERROR;
            case 5 -> STATUS_SERVER_ERROR;
            default -> STATUS_UNEXPECTED;
        };
    }

    /**
     * Whether a request that got this status can succeed later (RFC 9110, RFC 6585, RFC 8470): where the server says
     * that it is busy, slow, restarting or broken. Not 501 or 505, which it will never do.
     */
    static Again againAfterStatus(int status) {
        return switch (status) {
            case 408, 425, 429, 500, 502, 503, 504 -> Again.YES;
            default -> Again.NEVER;
        };
    }
}
