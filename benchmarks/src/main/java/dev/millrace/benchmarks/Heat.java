package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Sizes;

/**
 * One contender's turn in each round.
 *
 * @param label what its row is called: the contender, and what is special about it
 * @param held whether a reader holds a snapshot all the while
 */
record Heat(String label, String contender, boolean held, Sizes sizes, int heapMegabytes) {}
