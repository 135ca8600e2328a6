package dev.millrace.simulation.store;

/**
 * Bugs that a test plants into the simulated protocol, to prove that some checker sees each of them. Those named F… broke the first
 * version of the protocol, those named R… its first correction.
 */
public enum Bug {
    // ---- claims
    /** F1: a claim's transaction has written before, and appends afterwards: its own rows count as seen. */
    CLAIM_AFTER_OWN_WRITE,
    /** F3: a deposed node may still claim. */
    CLAIM_WITHOUT_FENCE,
    /** F10: a stream whose newest claim is gone has nothing, silently; and the keeper writes no new anchors. */
    NO_NEW_ANCHORS,
    /** R1: a queue's first anchor is made by its first producer, at what that sees. */
    FIRST_ANCHOR_IN_PRODUCER,
    /** R2: a void claim forgets how far the window had been handed out. */
    VOID_WITHOUT_POSITION,
    /** R2: a void claim copies the rows as well. */
    VOID_WITH_ROWS,
    /** R4: a used token is refused within its own partition only. */
    TOKEN_NOT_PROBED,
    /** R12: who looks for work does not look at slow producers. */
    POLL_LOOKS_AHEAD_ONLY,
    /** A window leaves out transactions that were in progress at its beginning. */
    SLOW_PRODUCERS_SKIPPED,
    /** A window's end is looked up behind its rows. */
    ROWS_BEFORE_SNAPSHOT,
    /** A continued window that turns out to be empty is neither closed nor followed by the next. */
    EMPTY_WINDOW_STALLS,
    /** A claim takes more than was asked for. */
    CLAIM_IGNORES_WANT,
    /** Bookkeeping that runs ahead: a manifest covers a claim that is not answered. */
    MANIFEST_AHEAD,

    // ---- ends
    /** F3, F5: the flush of a deposed node is accepted. */
    FLUSH_WITHOUT_FENCE,
    /** F5: fence and look in one statement: the look sees what was before the lock. */
    FENCE_IN_ONE_STATEMENT,
    /** F5: timers and the like are written for outcomes that lost, too. */
    LOSERS_HAVE_EFFECTS,
    /** F6, F7: a caller's transaction is fenced by an advisory lock, under its old snapshot. */
    USER_FENCE_WITHOUT_ROW_LOCK,
    /** F9: an outcome goes to the partition of its finishing, not of its delivery. */
    OUTCOME_IN_CURRENT_PART,
    /** F12: a flush does not ask whether its claims exist. */
    FLUSH_WITHOUT_CLAIM,
    /** A flush that is repeated after its partition was dropped is written again. */
    OUTCOME_BELOW_THE_LIVE_PARTITION,
    /** R8: outcomes do not carry their claim, so that a repeated flush does not know its own. */
    OUTCOME_WITHOUT_TOKEN,
    /** A retry does not count as an attempt. */
    RETRIES_COST_NOTHING,
    /** A handler's transaction is let through though its outcome has lost. */
    COMPLETE_WITHOUT_WINNING,
    /** Of the outcomes of one flush, each is written as its neighbour's. */
    OUTCOMES_MIXED_UP,
    /** Of two flushes of a node, one on a broken connection, neither waits for the other. */
    FLUSH_WITHOUT_ENDINGS_LOCK,
    /** A row of many is written without a look at what has been written of its deliveries. */
    BATCH_LOOKS_AT_NOTHING,
    /** A row of its own is written for a delivery that has ended in a row of many. */
    ROW_OVER_BATCH,
    /** An ending that a handler may have written itself goes into a row of many. */
    CONTESTED_IN_A_BATCH,
    /** What a node hands back without having run it counts as done. */
    HANDED_BACK_AS_DONE,

    // ---- death
    /** F8: nobody ends what a frozen node holds. */
    HOLDERS_LEFT_ALONE,
    /** F16: what was rescued or handed back goes to the tail. */
    RESCUED_TO_THE_TAIL,
    /** R6: what a node can't run goes back to the front instead of being parked. */
    UNRUNNABLE_HANDED_BACK,
    /** R7: marks of starts are not written, so that no death is ever charged. */
    MARKS_FORGOTTEN,
    /** The first death of a marked start discards its job. */
    FIRST_DEATH_DISCARDS,
    /** R7: nodes are not told of charges, so that the guilty run among many. */
    CHARGES_NOT_TOLD,
    /** R9: the beat is a column of the node's row, which a handler's transaction holds. */
    BEAT_IN_NODE_ROW,
    /** R18: a deposed node stays deposed for ever. */
    DEPOSED_NEVER_GONE,
    /** R19: who deposes and rescues need not be alive. */
    RESCUER_NOT_FENCED,
    /** R19: two that depose each other take their locks in different orders. */
    NODE_LOCKS_IN_ANY_ORDER,
    /** A node is deposed although its beat has moved. */
    DEPOSED_THOUGH_IT_BEATS,
    /** How long others have watched a silence is forgotten with them. */
    WITNESSES_FORGOTTEN,
    /** A node goes on after a failover that has lost its commits. */
    LEASE_OUTLIVES_FAILOVER,
    /** Young deaths between late ones are not counted, so that who kills now soon, now late, is never stopped. */
    YOUNG_DEATHS_FORGOTTEN,

    // ---- waiting, people, partitions
    /** Timers are deleted by one transaction and appended by another. */
    TIMERS_DELETED_APART,
    /** A look for timers begins after the one before, whatever transactions were open then, and nobody ever looks at all of them again. */
    TIMER_FLOOR_PASSES_OPEN_TRANSACTIONS,
    /** What is paused is not told to who asks why. */
    PAUSES_NOT_TOLD,
    /** A cancel does not look whether the job has ended. */
    CANCEL_LOOKS_AT_NOTHING,
    /** A cancel of what a node holds does not wait for its flush. */
    CANCEL_WITHOUT_ENDINGS_LOCK,
    /** A cancel of what nobody has claimed does not keep it from being claimed. */
    CANCEL_WITHOUT_STREAM_LOCK,
    /** R14: producers remember the current partition. */
    PARTITION_REMEMBERED,
    /** R5: a partition's claims go when it is settled itself, whatever they reach into. */
    CLAIMS_DROPPED_BY_THEIR_OWN_NUMBER,
    /** A partition is no longer claimed from before all of it has ended. */
    LIVE_RAISED_TOO_EARLY,
    /** Rows that were claimed are moved on with those that were not. */
    CLAIMED_ROWS_MOVED,

    // ---- schedules
    /** A slot that was fired before is fired again, by who heard no answer. */
    SLOT_WITHOUT_KEY,
    /** A dead node's schedules are its own for ever. */
    SCHEDULES_OF_THE_DEAD,
    /** Of several slots in one step only the newest is fired. */
    ONLY_THE_NEWEST_SLOT,
    /** A change of a schedule at run time begins no new term: who has not heard of it fires by what it said before. */
    CHANGED_IN_THE_SAME_TERM,
    /** Terms are counted from one again for a schedule that is removed and made anew: a late step of the removed one fires. */
    TERMS_OF_A_REMOVED_SCHEDULE_COME_AGAIN,
    /** A pause is what nodes have heard of, and not looked at where a slot is fired. */
    PAUSE_OF_A_SCHEDULE_NOT_LOOKED_AT,
    /** A run that was asked for is fired whether or not it still is: here, under a moment of its own each time. */
    ASKED_RUN_REPEATED,

    // ---- unique keys
    /** Whether a key's holder has ended is looked at in the statement that waits for the key: it sees what was before. */
    HOLDER_LOOKED_AT_WITH_ITS_LOCK,
    /** Two who find a key given up both take it. */
    KEY_TAKEN_OVER_WITHOUT_LOCK,
    /** A job that waits for another attempt, or is parked, is taken for one that has ended. */
    HOLDER_THAT_WAITS_TAKEN_FOR_GONE,
    /** A key is held for ever by the first job that had it. */
    KEY_NEVER_GIVEN_UP,
    /** A job that has been made available meanwhile is said to have become what is asked for now. */
    CHANGES_WHAT_HAS_GONE,

    // ---- changes of many
    /** Two who go on with a change of many do the same jobs, and each notes its own count. */
    CHANGE_WITHOUT_LOCK,
    /** Two changes that meet a job at the same time both begin a new run of it. */
    REQUEUED_WITHOUT_LOCK,

    // ---- batches
    /** Who has counted what it ended of a batch adds up without the batch's lock: of two who come last neither sees the other's. */
    BATCH_WITHOUT_LOCK,
    /** The batch is locked and its counts are added up in one statement: they are those from before the lock. */
    BATCH_SUM_WITH_ITS_LOCK,
    /** An outcome that has lost is counted as well. */
    BATCH_LOSERS_COUNTED,
    /** Every outcome of a part is counted, one that is followed by another delivery too. */
    BATCH_RETRIES_COUNTED,
    /** What a flush has ended is counted by another transaction, a little later. */
    BATCH_COUNTED_APART,
    /** Who finds that all have ended reads the job that follows, and does not take it away: the next one finds it again. */
    BATCH_FOLLOWED_TWICE,
    /** Nobody looks after what was counted by those who do not look. */
    BATCH_COUNTS_NEVER_LOOKED_AT,
    /** Counts are added up by one statement and deleted by the next: what came in between is lost. */
    BATCH_FOLDED_IN_TWO_STATEMENTS,
    /** Parts are added without the batch's lock, and without a look whether it has been followed. */
    BATCH_GROWS_WITHOUT_LOCK,

    // ---- keyed shards
    /** Who claims from a keyed shard is not asked whether it owns it. */
    OWNER_NOT_ASKED,
    /** A shard is taken over as soon as its owner is deposed: what that held has not come back. */
    TAKEN_OVER_BEFORE_THE_RESCUE,
    /** A shard is given up, though something of it is open. */
    GIVEN_UP_TOO_EARLY,
    /** What has waited for its next attempt comes back behind all that is not claimed, as it does elsewhere. */
    RETRIED_TO_THE_TAIL,
    /** What comes back does not tell where the first delivery of its run stood. */
    FIRST_PLACE_FORGOTTEN,
    /** A new owner is not told what waits elsewhere for its next attempt. */
    ABSENT_NOT_TOLD,
    /** A new owner is not told behind which rows jobs are parked. */
    BEHIND_NOT_TOLD,
    /** Of what is parked behind a row the last are recalled first. */
    RECALLED_FROM_THE_END,
    /** Who asks for a start of a slow rate is told as if nothing of the key had ever started. */
    ALLOWANCE_FORGOTTEN,
    /** A delivery comes with a limit that is higher than what was asked for. */
    LIMIT_MISREAD,
    /** A delivery comes with a rate that is twice what was asked for. */
    RATE_MISREAD,

    // ---- what operators say while all runs
    /** A node that has heard that a queue, a kind or a tenant is paused starts what it has of it all the same. */
    PAUSES_IGNORED,
    /** The same of an order key, or a limit. */
    KEY_PAUSES_IGNORED,
    /** A node that has heard other numbers of a limit goes on by those that jobs say. */
    NUMBERS_IGNORED,
    /** The same of a kind. */
    KIND_NUMBERS_IGNORED,
    /** Nodes are told of a pause some seconds late. */
    OPERATORS_HEARD_LATE,

    // ---- shares of the fleet's numbers
    /** What a node is asked to let go of goes to another one at once. */
    SHARE_GIVEN_BEFORE_IT_IS_LET_GO,
    /** The share of a deposed node is free, though what it held has not been taken back. */
    SHARE_OF_THE_DEPOSED_GIVEN_AWAY,
    /** What a node says counts, though a newer word of it has come before. */
    SHARE_SAID_TOO_LATE,

    // ---- tenants, and priorities
    /** A tenant's flood is never set aside: others stand behind it. */
    FLOODS_NOT_SET_ASIDE,
    /** A delivery comes without its tenant's share. */
    SHARES_FORGOTTEN,
    /** While there is anything more urgent, nobody is told of what is less so. */
    NO_AGEING,
    /** Nodes are not told of shards that are made for tenants while they run. */
    SIDE_SHARD_NOT_LISTED,

    // ---- jobs that run after others
    /** A blocker whose attempt has ended counts as ended, though it will be tried again. */
    BLOCKER_RETRIES_TAKEN_FOR_ENDS,
    /** How a blocker ended is not looked at. */
    BLOCKER_FAILURES_IGNORED,
    /** What one blocker has ended of lets its job go, though it waits for others. */
    DEPENDENT_LET_GO_BY_THE_FIRST,
    /** Each look begins at the first blocker: those behind many that go on for long are never looked at. */
    BLOCKERS_LOOKED_AT_FROM_THE_FIRST,
    /** The withdrawal of one is taken back, and nobody looks whether all that it waits for has ended meanwhile. */
    DEPENDENT_PUT_BACK_WITHOUT_A_LOOK,

    // ---- on the way between a node and the store
    /** R8: an enqueue whose commit is unknown is repeated. */
    UNKNOWN_ENQUEUE_REPEATED,
    /** Who waits for a shared transaction is answered when the one before it is back. */
    ANSWERED_BY_ANOTHERS_COMMIT,
    /** Who shared a transaction whose commit is unknown tries again alone. */
    UNKNOWN_GROUP_TRIED_ALONE,
    /** F4: who hears that a commit is unknown is told that nothing was written. */
    UNKNOWN_TAKEN_FOR_ROLLED_BACK,
    /** A flush is acknowledged, and written a little later. */
    ACKNOWLEDGED_BEFORE_DURABLE
}
