package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Refusal;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Lease;

/** What the functions of the protocol raise, by the codes that they raise it with. */
final class Raised {

    private Raised() {}

    static Refusal fenced(Lease lease) {
        return Refusal.raised(
                "MR001",
                "node %s epoch %d is fenced"
                        .formatted(lease.node(), lease.epoch().value()));
    }

    static Refusal noAnchor(int stream) {
        return Refusal.raised("MR002", "stream %d has no anchor".formatted(stream));
    }

    static Refusal unknownClaim() {
        return Refusal.raised("MR003", "flush: unknown claim");
    }

    static Refusal sealed(int part) {
        return Refusal.raised("MR004", "partition %d is sealed: repeat the transaction".formatted(part));
    }

    static Refusal wrongTransaction(String why) {
        return Refusal.raised("MR005", why);
    }

    static Refusal tokenUsed(ClaimToken token) {
        return Refusal.raised("MR006", "token %s is used or void".formatted(token.value()));
    }

    /** It was made, and a failover has lost that. */
    static Refusal noQueue(String queue) {
        return Refusal.raised("23503", "there is no queue %s any more: look again".formatted(queue));
    }

    static Refusal notOwner(Lease lease, int stream) {
        return Refusal.raised(
                "MR011", "stream %d is of a shard that node %s does not own".formatted(stream, lease.node()));
    }

    static Refusal ended(Object job) {
        return Refusal.raised("MR008", "job %s has ended here, or runs elsewhere".formatted(job));
    }
}
