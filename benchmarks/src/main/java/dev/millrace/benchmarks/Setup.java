package dev.millrace.benchmarks;

import java.util.List;

/**
 * How it is measured.
 *
 * @param rounds how often each contender has its turn
 * @param heapMegabytes the largest heap of Millrace's processes, and of the raw limits'
 * @param peerHeapMegabytes the largest heap of a peer's process
 * @param peers who is measured beside Millrace, by name
 * @param brief so small, and without a warm-up, that all is over soon: to see that everything works, for its numbers mean nothing
 */
public record Setup(int rounds, int heapMegabytes, int peerHeapMegabytes, List<String> peers, boolean brief) {

    public Setup {
        peers = List.copyOf(peers);
    }

    public Setup withRounds(int rounds) {
        return new Setup(rounds, heapMegabytes, peerHeapMegabytes, peers, brief);
    }

    public Setup withBrief(boolean brief) {
        return new Setup(rounds, heapMegabytes, peerHeapMegabytes, peers, brief);
    }

    int heap(String contender) {
        return peers.contains(contender) ? peerHeapMegabytes : heapMegabytes;
    }
}
