/**
 * What runs in the process of a contender, and the words in which it answers: one trial is one regime, warmed up and then measured, on
 * schemas of its own.
 */
@NullMarked
package dev.millrace.benchmarks.trial;

import org.jspecify.annotations.NullMarked;
