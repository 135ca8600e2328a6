package dev.millrace.store;

import dev.millrace.JobId;

/**
 * The answer to an enqueue: which job it is now.
 *
 * @param existed whether it is another one, which was there before under the same key; a job that is sent again is not another
 */
public record Accepted(JobId job, boolean existed) {}
