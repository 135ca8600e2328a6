package dev.millrace.crawler;

import dev.millrace.MillraceException;

/** The host is not this attempt's any more, or the page was recorded already: what it wanted to write is void. */
final class TurnLost extends MillraceException {

    TurnLost(String host, String why) {
        super("The turn on %s is over: %s. Nothing of its last page was recorded here.".formatted(host, why));
    }
}
