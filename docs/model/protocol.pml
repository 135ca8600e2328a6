/*
 * Log, claim, outcome, with rescue: the storage protocol as a model for Spin. It follows V002__protocol.sql function by
 * function, in the words of ARCHITECTURE.md. README.md beside it says what is left out, and why; `check` runs it.
 *
 * How to read it. A block `atomic { … }` or `d_step { … }` is a step: what happens at one moment in the eyes of all others.
 * Between two steps anything can come in: a commit of somebody else, a crash, a deposition, a pause of any length. A pause
 * needs no code: a process that is not chosen for a while is paused.
 *
 * Statements of one function are steps of their own where somebody can see the difference. BORDER marks the other ends of
 * statements, where nobody can: what stands before it is a lock, a look at what that lock keeps from changing, or a snapshot;
 * what comes in would have had the same effect before or behind. With -DFINE these are ends of steps too: same verdicts, more
 * states. What an open transaction has inserted nobody sees: so it is inserted in the step that commits it.
 *
 * Planted bugs are switches, such as -DTAKE_AFTER_WRITE. Each stands where it bites, with a comment; README.md lists them.
 */

/* ----------------------------------------------------------------------------------------------------------------- size */

#ifndef JOBS
#define JOBS 3          /* the first producer enqueues all but the last, in one transaction; the second the last */
#endif
#ifndef WANT
#define WANT 1          /* rows in a claim, at most: 1 continues windows, 2 exhausts them */
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 1     /* producers that roll back */
#endif
#ifndef RETRIES
#define RETRIES 1       /* handlers that fail and are tried again */
#endif
#ifndef LOSSES
#define LOSSES 1        /* commits that nobody answers, whether they took place or not */
#endif
#ifndef FAULTS
#define FAULTS 1        /* nodes that crash, or are deposed though they live */
#endif
#ifndef MORTALS
#define MORTALS 1       /* faults and lost answers of a claim or a flush befall the first so many nodes: equals need not take turns */
#endif
#ifndef REJOIN
#define REJOIN 0        /* so many times a node that ended joins again, under a new id; else the other does its work */
#endif

#define NODES (2 + REJOIN)
#define ROWS  8                 /* of the log, 0 to 7 */
#define XIDS  8                 /* 1 to 7 */

#define bit(i)       (1 << (i))
#define has(m, i)    ((m) & bit(i))
#define add(m, b)    m = m | (b)
#define remove(m, b) m = m & ~(b)

/* ------------------------------------------------------------------------------------------------------------- database */

/* Transactions that write rows of the log have an id. All others would only shift the numbers. */
byte next_xid = 1, latest;      /* latest: the highest id that has ended */
byte running;                   /* bits by id */

/* What pg_current_snapshot() answers: xmax, and the bits of what was in progress below it. Seen is all else below it. */
#define SNAPSHOT short
#define snapshot_of(xmax, xip) ((xmax) << 8 | (xip))
#define xmax(snapshot)         ((snapshot) >> 8)
#define xip(snapshot)          ((snapshot) & 255)
#define seen(xid, snapshot)    ((xid) < xmax(snapshot) && !has(xip(snapshot), xid))

/* job_log, what is committed of it. A row's place is its seq. */
byte rows;
byte row_xid[ROWS], row_job[ROWS], row_stream[ROWS];

#define ORDINARY 0
#define FRONT    1
#define STREAMS  2

/* claim: the newest of each stream. Its window is from prev to snap, it came as far as upto, and perhaps to the end. */
typedef Claim { SNAPSHOT prev; SNAPSHOT snap; byte upto_xid; byte upto_seq; bool exhausted }
Claim newest[STREAMS];

/* What claims gave to each node and has no outcome. A claim's ordinal is only ever compared, with what the last manifest
   covers: `later` are the deliveries of the claims behind it. These sets stand for the numbers. */
byte mine[NODES], later[NODES];
byte claimed;                   /* what any claim ever gave */

/* The token of a node's take: whether a claim has it, with rows or a void one; and which rows nobody was told of. */
bool spent[NODES];
byte untold[NODES];

byte listed[NODES];             /* the last manifest's open deliveries, less those that have an outcome */

byte outcomes;
byte inserting;                 /* inserted, not committed: a second insert of the same outcome waits */
byte timers;                    /* bits by job */
byte firing;                    /* those that an open promote() has locked */

mtype:life = { UNBORN, ALIVE, DEPOSED, GONE };
mtype:life state[NODES];        /* what is not ALIVE has a higher epoch than its node believes */

/* A node has two sessions here: one takes, one does all the rest, "the desk". Both share the node's fence. Who deposes takes
   the fence exclusively, for one step: holding it longer would only keep others waiting. */
byte in_take, in_desk;          /* bits by node: the session has an open transaction … */
byte fence_take, fence_desk;    /* … which holds the fence */
byte stream_lock[STREAMS];      /* 0, or the node + 1 */
byte desk_xid[NODES], desk_rows[NODES], desk_job[NODES];   /* what ends with the desk's transaction */

/* --------------------------------------------------------------------------------------------------------------- faults */

byte faults = FAULTS, losses = LOSSES, rollbacks = ROLLBACKS, retries = RETRIES;
byte down;                      /* bits by node: it crashed, or noticed that it was deposed */
byte fallen;                    /* how many */

/* ----------------------------------------------------------------------------------------- what a node has in its memory */

mtype:take = { RESTING, TAKING, UNKNOWN };
mtype:take taking[NODES];
byte stream_asked[NODES];       /* of the take whose fate is UNKNOWN */
#ifdef DEPOSER_ONLY
byte deposer[NODES];
#endif
byte held[NODES];               /* deliveries that it knows it has, until it knows that they have ended */
#ifdef AHEAD
bool ahead[NODES];
#endif

/* --------------------------------------------------------------------------------------------------------------- checks */

byte producing = 2;             /* producers that are not at their end */
byte enqueued;                  /* jobs whose enqueue was committed */
byte ended;                     /* jobs that have their terminal state */
byte ready;                     /* bits by stream: what poll() would answer now */

/* Each is set right before it is asserted, so that a failure has a name. Hidden: no part of the state. */
hidden byte lost, alive_twice, ended_twice, outside_every_window, claimed_twice, second_outcome, stale_write,
            manifest_too_short, unknown_claim, stuck;
hidden byte i_, j_, s_, x_, got_, lives_;

/* After every commit: a job that was enqueued lives once, as an open delivery or as a timer, or has ended once. */
inline check_jobs() {
    j_ = 0;
    do
    :: j_ < JOBS ->
        lives_ = 0; i_ = 0;
        do
        :: i_ < rows ->
            if :: row_job[i_] == j_ && !has(outcomes, i_) -> lives_++ :: else fi;
            i_++
        :: else -> break
        od;
        if :: has(timers, j_) -> lives_++ :: else fi;
        if :: has(ended, j_) -> lives_++ :: else fi;
        lost = has(enqueued, j_) && lives_ == 0; assert(!lost);
        alive_twice = lives_ > 1;                assert(!alive_twice);
        j_++
    :: else -> break
    od;
    i_ = 0
}

/* After every commit that touches the log or a claim: what no claim gave to anybody is in the rest of its stream's window,
   or will be in one to come. And what poll() answers now. */
inline check_windows() {
    ready = 0; s_ = 0;
    do
    :: s_ < STREAMS -> if :: !newest[s_].exhausted -> add(ready, bit(s_)) :: else fi; s_++
    :: else -> break
    od;
    i_ = 0;
    do
    :: i_ < rows ->
        x_ = row_xid[i_]; s_ = row_stream[i_];
        if
        :: !has(claimed, i_) ->
            outside_every_window = seen(x_, newest[s_].snap) &&
                (newest[s_].exhausted || seen(x_, newest[s_].prev) || x_ < newest[s_].upto_xid ||
                 (x_ == newest[s_].upto_xid && i_ < newest[s_].upto_seq));
            assert(!outside_every_window)
        :: else
        fi;
        if
#ifdef POLL_FORWARD     /* poll() forgets the transactions that were slow */
        :: x_ >= xmax(newest[s_].snap) -> add(ready, bit(s_))
#else
        :: !seen(x_, newest[s_].snap) -> add(ready, bit(s_))
#endif
        :: else
        fi;
        i_++
    :: else -> break
    od;
#ifdef ANCHOR_NOW
    if :: !anchored -> remove(ready, bit(ORDINARY)) :: else fi;
#endif
    i_ = 0
}

/* After every claim and manifest: were its node to die now, a rescuer would find all that it was given. */
inline check_manifest(n) { manifest_too_short = (mine[n] & ~(listed[n] | later[n])) != 0; assert(!manifest_too_short) }

/* Before every commit of a node. */
inline check_fence(n) { stale_write = state[n] != ALIVE; assert(!stale_write) }

/* --------------------------------------------------------------------------------------------------------- transactions */

inline begins(x) { x = next_xid; next_xid++; assert(next_xid <= XIDS); add(running, bit(x)) }

inline ends(x) { remove(running, bit(x)); if :: x > latest -> latest = x :: else fi }

inline append(x, stream, job) {
    assert(rows < ROWS);
    row_xid[rows] = x; row_stream[rows] = stream; row_job[rows] = job;
    rows++
}

/* The caller's own id, if it has one, is never in the list. */
inline snapshot(answer, own) { answer = snapshot_of(latest + 1, running & (bit(latest + 1) - 1) & ~(own)) }

/* window_rows(): the first rows of a window behind a position, by (xid, seq), as many as wanted, of those that are visible. */
inline window_rows(visible, stream, older, newer, from_xid, from_seq, result) {
    got_ = 0; x_ = 1; result = 0;
    do
    :: x_ < next_xid && got_ < WANT ->
        if
#ifdef NO_XIP           /* the transactions that were in progress in `prev` are forgotten */
        :: seen(x_, newer) && x_ >= xmax(older) && x_ >= from_xid ->
#elif defined(XMAX_TOO) /* `<=` instead of `<` at the window's upper end */
        :: (seen(x_, newer) || x_ == xmax(newer)) && !seen(x_, older) && x_ >= from_xid ->
#else
        :: seen(x_, newer) && !seen(x_, older) && x_ >= from_xid ->
#endif
            i_ = 0;
            do
            :: i_ < visible && got_ < WANT ->
                if
#ifdef NO_SEQ           /* a position is an xid only */
                :: row_xid[i_] == x_ && row_stream[i_] == stream && x_ > from_xid ->
#else
                :: row_xid[i_] == x_ && row_stream[i_] == stream && (x_ > from_xid || i_ >= from_seq) ->
#endif
                    add(result, bit(i_)); got_++
                :: else
                fi;
                i_++
            :: else -> break
            od
        :: else
        fi;
        x_++
    :: else -> break
    od;
    i_ = 0
}

/* The new claim row. Of an exhausted window only the end matters: the rest is zero, so that equal states look equal. */
inline insert_claim(stream, older, newer, result) {
    newest[stream].prev = older; newest[stream].snap = newer;
    newest[stream].upto_xid = 0; newest[stream].upto_seq = 0; got_ = 0; i_ = 0;
    do
    :: i_ < rows ->
        if
        :: has(result, i_) ->
            got_++;
            if
            :: row_xid[i_] >= newest[stream].upto_xid -> newest[stream].upto_xid = row_xid[i_]; newest[stream].upto_seq = i_ + 1
            :: else
            fi
        :: else
        fi;
        i_++
    :: else -> break
    od;
#ifdef FULL_IS_ALL      /* a claim that got all that it wanted counts as the window's last */
    newest[stream].exhausted = got_ <= WANT;
#else
    newest[stream].exhausted = got_ < WANT;
#endif
    if
    :: newest[stream].exhausted -> newest[stream].prev = 0; newest[stream].upto_xid = 0; newest[stream].upto_seq = 0
    :: else
    fi
}

/* The end of a session's transaction, by commit, rollback, a broken connection, or the rescuer's pg_terminate_backend(). */
inline leave_take(n) {
    remove(in_take, bit(n)); remove(fence_take, bit(n)); s_ = 0;
    do :: s_ < STREAMS -> if :: stream_lock[s_] == n + 1 -> stream_lock[s_] = 0 :: else fi; s_++ :: else -> break od;
    s_ = 0
}

inline leave_desk(n) {
    remove(in_desk, bit(n)); remove(fence_desk, bit(n));
    remove(inserting, desk_rows[n]); remove(firing, desk_job[n]);
    if :: desk_xid[n] -> ends(desk_xid[n]) :: else fi;
    desk_xid[n] = 0; desk_rows[n] = 0; desk_job[n] = 0
}

#define TAKE_BORDER } ; atomic { if :: !has(in_take, n) -> goto refused :: else fi;
#define DESK_BORDER } ; atomic { if :: !has(in_desk, n) -> goto loop :: else fi;
#ifdef FINE
#define TAKE_BORDER_IF_FINE TAKE_BORDER
#define DESK_BORDER_IF_FINE DESK_BORDER
#else
#define TAKE_BORDER_IF_FINE ;
#define DESK_BORDER_IF_FINE ;
#endif

/* fence(): lock, then look. */
#ifdef LOOK_WITH_LOCK               /* lock and look in one statement: it looks at what was before the lock */
#define FENCE(in, fence, BORDER_IF_FINE, refused) \
    add(in, bit(n)); if :: state[n] != ALIVE -> goto refused :: else fi; } ; atomic { add(fence, bit(n))
#else
#define FENCE(in, fence, BORDER_IF_FINE, refused) \
    add(in, bit(n)); add(fence, bit(n)); BORDER_IF_FINE if :: state[n] != ALIVE -> goto refused :: else fi
#endif

/* ------------------------------------------------------------------------------------------------------------ producers */

#ifdef ANCHOR_NOW            /* the stream's first anchor is made by the producer, in its transaction, with the current snapshot */
bool anchored;
byte anchoring;         /* the id of who makes it: others wait for its unique entry */
#endif

proctype Producer(byte first; byte last) {
    byte x, j;
#ifdef ANCHOR_NOW
    SNAPSHOT anchor;
#endif
    atomic { begins(x) }                              /* its own tables first: its id is older than its rows */
#ifdef ANCHOR_NOW
    atomic { anchored || !anchoring -> if :: !anchored -> anchoring = x; d_step { snapshot(anchor, bit(x)) } :: else fi }
#endif
    if
    :: d_step {
            ends(x);
            j = first;
            do :: j <= last -> append(x, ORDINARY, j); add(enqueued, bit(j)); j++ :: else -> break od;
#ifdef ANCHOR_NOW
            if :: anchoring == x -> newest[ORDINARY].snap = anchor; anchored = true :: else fi;
#endif
            check_jobs(); check_windows();
            x = 0; j = 0; producing--
        }
    :: d_step { rollbacks > 0 ->
            rollbacks--; ends(x);
#ifdef ANCHOR_NOW
            if :: anchoring == x -> anchoring = 0 :: else fi;
#endif
            x = 0; producing--
        }
    fi
}

/* --------------------------------------------------------------------------------------------------- Claimer and take() */

#if WANT == 1
#define ROOM(held) (!((held) & ((held) - 1)))       /* two slots, one is free */
#else
#define ROOM(held) (!(held))
#endif

#define LOSE_TAKE (losses > 0 && n < MORTALS && taking[n] == TAKING)
#ifdef THOUGHT_ROLLED_BACK               /* a take without an answer is taken for rolled back */
#define LOST_TAKE losses--; taking[n] = RESTING
#else
#define LOST_TAKE losses--; taking[n] = UNKNOWN; stream_asked[n] = stream
#endif

#ifdef TAKE_AFTER_WRITE
bool enqueued_too;
#define OWN bit(own)
#else
#define OWN 0
#endif

#ifdef REVERSED
#define VISIBLE visible
#else
#define VISIBLE rows
#endif

inline look_at_anchor() {
    c.prev = newest[stream].prev; c.snap = newest[stream].snap;
    c.upto_xid = newest[stream].upto_xid; c.upto_seq = newest[stream].upto_seq; c.exhausted = newest[stream].exhausted
}

inline insert_and_commit() {
    check_fence(n);
    if
    :: result || (opened && !c.exhausted) ->
        if
        :: opened -> insert_claim(stream, c.snap, snap, result)
        :: else -> insert_claim(stream, c.prev, c.snap, result)
        fi;
        claimed_twice = (result & claimed) != 0; assert(!claimed_twice);
        add(claimed, result); add(mine[n], result); add(later[n], result);
#ifdef AHEAD
        if :: ahead[n] -> remove(later[n], result) :: else fi;
#endif
        spent[n] = true;
        check_manifest(n)
    :: else
    fi;
#ifdef TAKE_AFTER_WRITE
    if
    :: own -> append(own, ORDINARY, JOBS - 1); ends(own); add(enqueued, bit(JOBS - 1)); own = 0
    :: else
    fi;
#endif
    check_windows()
}

inline forget() {
    leave_take(n);
    if :: taking[n] == TAKING -> taking[n] = RESTING :: else fi;
    stream = 0; result = 0; opened = false; snap = 0;
    c.prev = 0; c.snap = 0; c.upto_xid = 0; c.upto_seq = 0; c.exhausted = false
}

/* A node's claimer asks where poll() says yes. An answer registers what was claimed; that it is lost shows when the
   transaction ends. Or the question itself is lost on the way, and comes late, or never. */
proctype Claimer(byte n) {
    byte stream, result;
    SNAPSHOT snap;
    Claim c;
    bool opened;
#ifdef TAKE_AFTER_WRITE
    byte own;
#endif
#ifdef REVERSED
    byte visible;
#endif

again:
end:
    atomic { state[n] != UNBORN && !has(down, n) && taking[n] == RESTING && ROOM(held[n]) && ready ->
        if :: has(ready, ORDINARY) -> stream = ORDINARY :: has(ready, FRONT) -> stream = FRONT fi;
        taking[n] = TAKING; spent[n] = false;
        if
        :: true
        :: LOSE_TAKE -> LOST_TAKE; goto late
        fi;
#ifdef TAKE_AFTER_WRITE               /* the transaction has written before it takes */
        if :: n == 0 && !enqueued_too -> enqueued_too = true; begins(own) :: else fi;
    }; atomic {
        s_ = 0;
#endif
arrived:
#ifdef NO_FENCE               /* no fence */
        add(in_take, bit(n));
#else
        FENCE(in_take, fence_take, TAKE_BORDER_IF_FINE, refused);
#endif
#ifdef ANCHOR_WITH_LOCK  /* the anchor is read in the statement of the stream's lock, and no unique number of claims helps */
        d_step { look_at_anchor() }
        TAKE_BORDER
#else
        TAKE_BORDER_IF_FINE
#endif
        if :: stream_lock[stream] -> goto refused :: else -> stream_lock[stream] = n + 1 fi;      /* try */
        TAKE_BORDER_IF_FINE
        if :: spent[n] -> goto refused :: else fi;
        TAKE_BORDER_IF_FINE
        d_step {
#ifndef ANCHOR_WITH_LOCK
            look_at_anchor();
#endif
            if
            :: !c.exhausted ->
#ifdef REOPENED         /* a window that is continued gets a new end */
                snapshot(c.snap, OWN);
#endif
                window_rows(rows, stream, c.prev, c.snap, c.upto_xid, c.upto_seq, result)
            :: else
            fi;
#ifdef STALL            /* an open window in which nothing is left is not closed */
            opened = c.exhausted
#else
            opened = !result
#endif
        }
        TAKE_BORDER_IF_FINE
#ifdef REVERSED         /* rows are read first, and the snapshot that ends the window is taken second */
        visible = rows;
        TAKE_BORDER
        if :: opened -> d_step { snapshot(snap, OWN) } :: else fi;
#else
        if :: opened -> d_step { snapshot(snap, OWN) } :: else fi;
#ifdef XMAX_TOO
        TAKE_BORDER
#else
        TAKE_BORDER_IF_FINE
#endif
#endif
        if :: opened -> d_step { window_rows(VISIBLE, stream, c.snap, snap, 0, 0, result) } :: else fi;
#ifdef EARLY_START      /* handlers start before the commit is answered */
        add(held[n], result)
#endif
    }
    if
    :: d_step { has(in_take, n) ->
            insert_and_commit();
            if :: taking[n] == TAKING && !has(down, n) -> add(held[n], result); untold[n] = 0 :: else -> untold[n] = result fi;
            forget()
        }
    :: d_step { has(in_take, n) && LOSE_TAKE -> insert_and_commit(); untold[n] = result; LOST_TAKE; forget() }
    :: d_step { has(in_take, n) && LOSE_TAKE ->
            LOST_TAKE; i_ = stream; forget();
#ifdef SESSION_LOCK     /* the stream's lock is the session's, not the transaction's: a rollback keeps it */
            stream_lock[i_] = n + 1;
#endif
            i_ = 0
        }
    :: atomic { !has(in_take, n) || has(down, n) || taking[n] == UNKNOWN -> goto refused }
    fi;
    goto again;

late:
    if
    :: atomic { goto arrived }
    :: goto refused
    fi;

refused:
    atomic {
#ifdef TAKE_AFTER_WRITE
        if :: own -> ends(own); own = 0 :: else fi;
#endif
        forget();
        goto again
    }
}

/* ------------------------------------------------------------------------------------- all else of a node, and its steps */

/* A node that stays away is deposed for a crash; one that is only slow costs a fault. */
#define CAN_DEPOSE(d) (d < NODES && d != n && state[d] == ALIVE && (has(down, d) || faults > 0 && d < MORTALS))
#ifdef DEPOSER_ONLY     /* who deposed a node rescues it, and nobody else does */
#define CAN_RESCUE(d) (d < NODES && state[d] == DEPOSED && deposer[d] == n)
#else
#define CAN_RESCUE(d) (d < NODES && state[d] == DEPOSED)
#endif
#define CRASH         atomic { faults > 0 && n < MORTALS -> faults--; goto over }

/* What everybody forgets about deliveries that have an outcome. */
inline settle(n, won) {
    add(outcomes, won);
    remove(mine[n], won); remove(later[n], won); remove(untold[n], won); remove(listed[n], won);
    i_ = 0;
    do :: i_ < rows -> if :: has(won, i_) -> row_job[i_] = 0 :: else fi; i_++ :: else -> break od
}

/* Outcomes, and what hangs on those that won. Row number again - 1 failed and has to be tried again; the others are done. */
inline write_outcomes(n, batch, again) {
    check_fence(n);
    unknown_claim = (batch & ~(mine[n] | outcomes)) != 0; assert(!unknown_claim);
#ifdef NO_UNIQUE        /* nothing keeps a delivery from a second outcome */
    won = batch; second_outcome = (batch & outcomes) != 0; assert(!second_outcome);
#else
    won = batch & ~outcomes;
#endif
    i_ = 0;
    do
    :: i_ < rows ->
        if
#ifdef ALL_EFFECTS      /* side effects do not hang on RETURNING */
        :: has(batch, i_) && i_ == again - 1 -> add(timers, bit(failing))
#elif defined(TIMER_APART) /* the timer is written by a transaction of its own, later */
        :: has(won, i_) && i_ == again - 1
#else
        :: has(won, i_) && i_ == again - 1 -> add(timers, bit(failing))
#endif
#ifdef ALL_ENDS         /* what the end of a job brings with it does not hang on RETURNING */
        :: has(batch, i_) && i_ != again - 1 ->
#else
        :: has(won, i_) && i_ != again - 1 ->
#endif
            ended_twice = has(ended, row_job[i_]); assert(!ended_twice);
            add(ended, bit(row_job[i_]))
        :: else
        fi;
        i_++
    :: else -> break
    od;
    settle(n, won);
    won = 0;
    leave_desk(n);
    check_jobs(); check_windows()
}

/* The node's outcomes were written, and it knows. */
#define ACKNOWLEDGED remove(held[n], batch); batch = 0; again = 0; failing = 0

proctype Desk(byte n) {
    byte batch, again, failing; /* what is being flushed, or was and nobody answered; its failed row + 1, and that row's job */
    byte d, open, won, job;

    d_step { (n < 2 || fallen > n - 2) -> state[n] = ALIVE }

loop:
end:
    do

    /* ---- Claimer: resolve() */
    :: atomic { taking[n] == UNKNOWN ->
            FENCE(in_desk, fence_desk, DESK_BORDER_IF_FINE, over);
            DESK_BORDER_IF_FINE
            stream_lock[stream_asked[n]] == 0 || !has(in_desk, n);                             /* waits */
            if :: !has(in_desk, n) -> goto loop :: else fi;
            d_step {
                check_fence(n);
                if
                :: spent[n] -> add(held[n], untold[n])
                :: else ->                                                                     /* void: a copy of the anchor */
#ifdef VOID_IS_END            /* the void claim carries no window and no position: what is left of the window is skipped */
                    newest[stream_asked[n]].prev = 0;
                    newest[stream_asked[n]].upto_xid = 0; newest[stream_asked[n]].upto_seq = 0;
                    newest[stream_asked[n]].exhausted = true;
#endif
#ifndef NO_VOID         /* the token is not spent: the take that was lost may still come */
                    spent[n] = true
#endif
                fi;
                untold[n] = 0; stream_asked[n] = 0; taking[n] = RESTING;
                leave_desk(n);
#ifdef AHEAD
                ahead[n] = false;
#endif
                check_windows()
            }
        }

    /* ---- Finisher. Handlers have no steps of their own: they end when their outcomes are collected. */
    :: atomic { held[n] ->
            if
            :: !batch ->
                batch = held[n];
                if
                :: true
                :: retries > 0 ->
                    retries--; again = 1;
                    do :: !has(batch, again - 1) -> again++ :: else -> break od;
                    failing = row_job[again - 1]
                fi
            :: else
            fi;
            FENCE(in_desk, fence_desk, DESK_BORDER_IF_FINE, over);
            if                                                              /* who can't be deposed need not be interrupted */
            :: n >= MORTALS && !(inserting & batch) -> d_step { write_outcomes(n, batch, again); ACKNOWLEDGED }; goto loop
            :: else
            fi
        };
        if
        :: d_step { has(in_desk, n) && !(inserting & batch) -> write_outcomes(n, batch, again); ACKNOWLEDGED }
        :: d_step { has(in_desk, n) && !(inserting & batch) && losses > 0 -> losses--; write_outcomes(n, batch, again) }
        :: d_step { has(in_desk, n) && losses > 0 -> losses--; leave_desk(n) }
        :: CRASH
        :: !has(in_desk, n)
        fi

    /* ---- Manifester. Only when something has changed; it reads first up to which claim all is registered. */
    :: atomic { n < MORTALS && (listed[n] != (held[n] & ~outcomes) || (later[n] & ~untold[n])) ->
            won = later[n] & ~untold[n];                                                        /* what it will cover */
#ifdef EARLY            /* what is decided counts as ended, before its outcome is written */
            open = held[n] & ~batch;
#else
            open = held[n];
#endif
            FENCE(in_desk, fence_desk, DESK_BORDER_IF_FINE, over);
#ifdef ORDER
            DESK_BORDER
#else
            DESK_BORDER_IF_FINE
#endif
            d_step {
                check_fence(n);
                listed[n] = open & ~outcomes;
#ifdef AHEAD            /* it covers the claim that nobody has answered yet */
                later[n] = 0; ahead[n] = taking[n] != RESTING;
#elif defined(ORDER)    /* it reads first what is open, and then up to which claim all is registered */
                later[n] = untold[n];
#else
                remove(later[n], won);
#endif
                check_manifest(n);
                leave_desk(n);
                open = 0; won = 0
            }
        }

    /* ---- Rescuer. Beats are not modelled: any node may be thought dead at any time, and that must be harmless. */
    :: atomic { CAN_DEPOSE(0) || CAN_DEPOSE(1) || CAN_DEPOSE(2) || CAN_DEPOSE(3) ->
            if :: state[n] != ALIVE -> goto over :: else fi;
            if
            :: CAN_DEPOSE(0) -> d = 0
            :: CAN_DEPOSE(1) -> d = 1
            :: CAN_DEPOSE(2) -> d = 2
            :: CAN_DEPOSE(3) -> d = 3
            fi;
            d_step {
                if :: has(down, d) :: else -> faults-- fi;
#ifndef BUMP_UNLOCKED              /* raising the epoch does not wait for who holds the fence, nor end him */
                if :: has(fence_take, d) -> leave_take(d) :: else fi;
                if :: has(fence_desk, d) -> leave_desk(d) :: else fi;
#endif
#ifdef DEPOSER_ONLY
                deposer[d] = n;
#endif
                state[d] = DEPOSED; d = 0
            }
        }
    :: atomic { CAN_RESCUE(0) || CAN_RESCUE(1) || CAN_RESCUE(2) || CAN_RESCUE(3) ->
            FENCE(in_desk, fence_desk, DESK_BORDER_IF_FINE, over);
            DESK_BORDER_IF_FINE
            if
            :: CAN_RESCUE(0) -> d = 0
            :: CAN_RESCUE(1) -> d = 1
            :: CAN_RESCUE(2) -> d = 2
            :: CAN_RESCUE(3) -> d = 3
            :: else -> leave_desk(n); goto loop
            fi;
            open = (listed[d] | later[d]) & ~outcomes;
#ifdef ONE_BY_ONE       /* not a bug: a rescue that has room for one delivery only */
            open = open & -open;
#endif
            if
            :: !open -> state[d] = GONE; d = 0; leave_desk(n); goto loop
            :: else
            fi
        };
        if
        :: d_step { has(in_desk, n) && !(inserting & open) ->
                won = open & ~outcomes; desk_rows[n] = won; add(inserting, won); open = 0;
                if :: won -> begins(desk_xid[n]) :: else fi
            };
            if
            :: d_step { has(in_desk, n) ->
                    check_fence(n);
                    j_ = 0; i_ = rows;
                    do
                    :: j_ < i_ ->
                        if
#ifdef OLD_XID          /* a rescued delivery is appended with the id that it had */
                        :: has(won, j_) -> append(row_xid[j_], FRONT, row_job[j_])
#else
                        :: has(won, j_) -> append(desk_xid[n], FRONT, row_job[j_])
#endif
                        :: else
                        fi;
                        j_++
                    :: else -> break
                    od;
                    settle(d, won);
                    leave_desk(n);
                    check_jobs(); check_windows()
                }
            :: d_step { has(in_desk, n) && losses > 0 -> losses--; leave_desk(n) }
            :: CRASH
            :: !has(in_desk, n)
            fi
        :: CRASH
        :: !has(in_desk, n)
        fi;
        d_step { d = 0; open = 0; won = 0 }

    /* ---- Promoter. A timer's time comes whenever it likes. */
    :: atomic { timers & ~firing ->
            FENCE(in_desk, fence_desk, DESK_BORDER_IF_FINE, over);
            DESK_BORDER_IF_FINE
            d_step {
                do :: job < JOBS && !has(timers & ~firing, job) -> job++ :: else -> break od;
                if
                :: job < JOBS -> desk_job[n] = bit(job); add(firing, bit(job)); begins(desk_xid[n])
                :: else
                fi
            }
        };
        if
        :: d_step { has(in_desk, n) ->
                check_fence(n);
                if :: desk_xid[n] -> remove(timers, bit(job)); append(desk_xid[n], ORDINARY, job) :: else fi;
                leave_desk(n);
                check_jobs(); check_windows();
                job = 0
            }
        :: d_step { has(in_desk, n) && losses > 0 -> losses--; leave_desk(n); job = 0 }
        :: CRASH
        :: atomic { !has(in_desk, n) -> job = 0 }
        fi

    /* ---- the end of it */
    :: atomic { state[n] != ALIVE -> goto over }
    :: CRASH
    od;

over:
    atomic {
        leave_desk(n);
        if :: taking[n] == UNKNOWN -> taking[n] = RESTING :: else fi;
        stream_asked[n] = 0; held[n] = 0; untold[n] = 0;
        batch = 0; again = 0; failing = 0; d = 0; open = 0; won = 0; job = 0;
        add(down, bit(n)); fallen++
    }
}

/* When nothing can happen any more, everything has ended. */
proctype Judge() {
    atomic { timeout -> stuck = ended != enqueued; assert(!stuck) }
}

/* And that moment comes, if nobody is kept waiting for ever who could go on (weak fairness: pan -a -f). */
#ifdef LIVENESS
ltl all_ends { <> [] (producing == 0 && ended == enqueued) }
#endif

init {
    atomic {
        s_ = 0;
        do
        :: s_ < STREAMS -> newest[s_].snap = snapshot_of(1, 0); newest[s_].exhausted = true; s_++        /* '1:1:' */
        :: else -> break
        od;
        i_ = 0;
        do
        :: i_ < NODES -> state[i_] = UNBORN; taking[i_] = RESTING; i_++
        :: else -> break
        od;
#ifdef TAKE_AFTER_WRITE               /* the last job is enqueued by a take */
        run Producer(0, 0); run Producer(1, JOBS - 2);
#else
        run Producer(0, JOBS - 2); run Producer(JOBS - 1, JOBS - 1);
#endif
        run Claimer(0); run Desk(0); run Claimer(1); run Desk(1);
#if NODES > 2
        run Claimer(2); run Desk(2);
#endif
#if NODES > 3
        run Claimer(3); run Desk(3);
#endif
        run Judge()
    }
}
