/**
 * The job engines that Millrace is compared with, each set up as its own documentation says for throughput; docs/peers.md
 * tells where. May depend on the contract of contenders and on the peers; nothing depends on it.
 */
@NullMarked
package dev.millrace.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
