package dev.millrace.store;

import dev.millrace.JobId;

/** The answer to an enqueue: which job it is now, and whether it was there before. */
public record Accepted(JobId job, boolean existed) {}
