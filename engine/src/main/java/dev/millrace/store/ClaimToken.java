package dev.millrace.store;

import java.util.UUID;

/** Identifies one claim. Drawn by the claimer before it asks, so that an answer that got lost can be asked for again. */
public record ClaimToken(UUID value) {}
