package dev.millrace.store;

import dev.millrace.JobId;

/**
 * A delivery taken back from a dead node.
 *
 * @param discarded true if its worker had died too often: the job is discarded, not run again
 */
public record Rescued(JobId job, String queue, String kind, int rescues, int charged, boolean discarded) {}
