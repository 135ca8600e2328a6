package dev.millrace.simulation.store;

import dev.millrace.simulation.database.Refusal;
import dev.millrace.simulation.database.Refusal.Reason;
import dev.millrace.simulation.database.Snapshot;
import dev.millrace.simulation.database.Transaction;
import dev.millrace.simulation.store.Rows.ClaimKey;
import dev.millrace.simulation.store.Rows.Claimed;
import dev.millrace.simulation.store.Rows.DeliveryKey;
import dev.millrace.simulation.store.Rows.Logged;
import dev.millrace.simulation.store.Rows.Manifest;
import dev.millrace.simulation.store.Rows.ManifestKey;
import dev.millrace.simulation.store.Rows.Position;
import dev.millrace.store.Claim;
import dev.millrace.store.ClaimToken;
import dev.millrace.store.Crowds;
import dev.millrace.store.Delivery;
import dev.millrace.store.Lease;
import dev.millrace.store.Line;
import dev.millrace.store.NodeId;
import dev.millrace.store.Place;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Claims: windows between two snapshots, and positions in them. {@code V002__protocol.sql}, section claim; {@code V031__keyed_shards.sql}. */
final class Claiming {

    private static final Duration RESOLVE_PATIENCE = Duration.ofSeconds(5);
    private static final Duration OWNERS_PATIENCE = Duration.ofSeconds(5);

    private final Tables tables;
    private final Fences fences;
    private final Waits waiting;
    private final Remembered<Polled, Boolean> polled;

    /** The lock of a stream: whoever claims from it, or writes its next anchor. */
    record StreamLock(int stream) {}

    Claiming(Tables tables, Fences fences, Waits waiting) {
        this.tables = tables;
        this.fences = fences;
        this.waiting = waiting;
        this.polled = new Remembered<>(tables.meta, tables.claims, tables.log);
    }

    // ---- windows

    /** The rows of a window behind a position, in order: first slow transactions, then the range between the snapshots. */
    private List<Place> windowRows(Transaction tx, Window window, int lowPart, int highPart, int want) {
        var rows = new ArrayList<Place>();
        long edge = window.prev.xmax();
        var position = window.position;
        if (position.xid() < edge && !tables.planted(Bug.SLOW_PRODUCERS_SKIPPED)) {
            tx.statement();
            for (long xid : window.prev.inProgress()) {
                if (xid < position.xid() || !window.snap.sees(xid)) continue;
                var after = xid == position.xid() ? position : new Position(xid, Long.MIN_VALUE);
                rows.addAll(rows(tx, window, after, xid, lowPart, highPart, want - rows.size()));
            }
            position = new Position(edge, Long.MIN_VALUE);
        }
        if (rows.size() < want) {
            tx.statement();
            rows.addAll(rows(tx, window, position, window.snap.xmax() - 1, lowPart, highPart, want - rows.size()));
        }
        return rows;
    }

    private record Window(int stream, Snapshot prev, Snapshot snap, Position position) {}

    private List<Place> rows(
            Transaction tx, Window window, Position after, long lastXid, int lowPart, int highPart, int want) {
        if (after.seq() == Long.MAX_VALUE) return List.of();
        var from = new Place(0, window.stream, after.xid(), after.seq() + 1);
        var to = new Place(Integer.MAX_VALUE, window.stream, lastXid, Long.MAX_VALUE);
        return tables
                .log
                .range(
                        tx,
                        from,
                        to,
                        row -> row.place().part() >= lowPart
                                && row.place().part() <= highPart
                                && window.snap.sees(row.place().xid()),
                        want)
                .stream()
                .map(Logged::place)
                .toList();
    }

    /** A claim's range is immutable: its first n rows behind its start are always the same ones. */
    List<Place> rowsOf(Transaction tx, Claimed claim) {
        if (claim.n() == 0 || claim.from() == null) return List.of();
        return windowRows(
                        tx,
                        new Window(claim.key().stream(), claim.prev(), claim.snap(), claim.from()),
                        claim.lowPart(),
                        claim.highPart(),
                        claim.n())
                .stream()
                .filter(place -> !behind(place, claim.upto()))
                .toList();
    }

    @Nullable
    Claimed newest(Transaction tx, int stream, int fromPart) {
        return tables.claims.last(
                tx,
                new ClaimKey(stream, 0, 0),
                new ClaimKey(stream, Long.MAX_VALUE, Integer.MAX_VALUE),
                claim -> claim.key().part() >= fromPart);
    }

    private @Nullable Claimed byToken(Transaction tx, ClaimToken token) {
        var found = tables.claims.by(tx, tables.claimsByToken, token);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** {@code UNIQUE (token, part)} and the primary key. */
    private void insert(Transaction tx, Claimed claim) {
        for (var other : tables.claims.by(tx, tables.claimsByToken, claim.token()))
            if (other.key().part() == claim.key().part()) throw new Refusal(Reason.UNIQUE, "token " + claim.token());
        tables.claims.insert(tx, claim.key(), claim);
    }

    /** The newest claim again, without rows and without owner: the void of {@link #resolve}, the anchor in a new partition. */
    void copyAnchor(Transaction tx, int stream, @Nullable Integer part, ClaimToken token) {
        tx.statement();
        var c = newest(tx, stream, 0);
        if (c == null) return;
        var key = new ClaimKey(stream, c.key().no() + 1, part == null ? c.key().part() : part);
        if (tables.planted(Bug.VOID_WITHOUT_POSITION)) {
            insert(tx, Claimed.anchor(key, token, c.prev(), c.snap(), null, true, tables.now()));
        } else if (tables.planted(Bug.VOID_WITH_ROWS)) {
            insert(
                    tx,
                    new Claimed(
                            key,
                            token,
                            c.lease(),
                            c.ordinal(),
                            c.prev(),
                            c.snap(),
                            c.from(),
                            c.upto(),
                            c.exhausted(),
                            c.n(),
                            c.lowPart(),
                            c.highPart(),
                            tables.now()));
        } else {
            insert(tx, Claimed.anchor(key, token, c.prev(), c.snap(), c.upto(), c.exhausted(), tables.now()));
        }
    }

    // ---- take

    Claim take(Transaction tx, Lease lease, int stream, int want, long ordinal, ClaimToken token) {
        if (tables.planted(Bug.CLAIM_AFTER_OWN_WRITE)) tx.xid();
        else if (tx.xidIfAssigned() != 0)
            throw Raised.wrongTransaction("take: must be the first write of its transaction");
        if (!tables.planted(Bug.CLAIM_WITHOUT_FENCE)) fences.fence(tx, lease);
        tx.statement();
        if (tables.keyed(tx, stream) != null) lockOwned(tx, lease, stream);
        else if (!tx.tryLock(new StreamLock(stream))) return new Claim(token, stream, ordinal, List.of());
        tx.statement();
        if (!tables.planted(Bug.TOKEN_NOT_PROBED) && byToken(tx, token) != null) throw Raised.tokenUsed(token);
        tx.statement();
        int live = tables.meta(tx).livePart();
        tx.statement();
        var c = newest(tx, stream, live);
        if (c == null) {
            if (tables.planted(Bug.NO_NEW_ANCHORS)) return new Claim(token, stream, ordinal, List.of());
            throw Raised.noAnchor(stream);
        }
        int most = tables.planted(Bug.CLAIM_IGNORES_WANT) ? want + 100 : want;
        var found = nextRows(tx, c, live, most);
        var rows = record(tx, c, found, lease, most, ordinal, token);
        if (tables.planted(Bug.CLAIM_AFTER_OWN_WRITE)) waiting.promoteSome(tx, 5, Instant.MIN);
        return new Claim(token, stream, ordinal, rows);
    }

    /** In a keyed shard an empty claim must mean that there is nothing: the lock is waited for. Whose the shard is, is looked at when it is held. */
    private void lockOwned(Transaction tx, Lease lease, int stream) {
        tx.lockTimeout(OWNERS_PATIENCE);
        tx.lock(new StreamLock(stream));
        if (tables.planted(Bug.OWNER_NOT_ASKED)) return;
        tx.statement();
        if (!tables.mayClaim(tx, lease.node(), stream)) throw Raised.notOwner(lease, stream);
    }

    private record Found(Window window, List<Place> rows) {}

    private Found nextRows(Transaction tx, Claimed c, int live, int want) {
        boolean opened = c.exhausted();
        var window = opened ? open(tx, c) : new Window(c.key().stream(), c.prev(), c.snap(), uptoOf(c));
        var rows = windowRows(tx, window, live, Integer.MAX_VALUE, want);
        if (rows.isEmpty() && !opened && !tables.planted(Bug.EMPTY_WINDOW_STALLS)) {
            window = open(tx, c); // an open window without rows: the next one, in this call
            rows = windowRows(tx, window, live, Integer.MAX_VALUE, want);
        }
        if (tables.planted(Bug.ROWS_BEFORE_SNAPSHOT))
            window = new Window(window.stream, window.prev, tx.currentSnapshot(), window.position);
        return new Found(window, rows);
    }

    /** Snapshot first, rows second. */
    private static Window open(Transaction tx, Claimed c) {
        return new Window(c.key().stream(), c.snap(), tx.currentSnapshot(), Position.START);
    }

    private static Position uptoOf(Claimed c) {
        if (c.upto() == null) throw new IllegalStateException("an open window without a position: " + c);
        return c.upto();
    }

    private List<Place> record(
            Transaction tx, Claimed c, Found found, Lease lease, int want, long ordinal, ClaimToken token) {
        var rows = found.rows;
        var window = found.window;
        tx.statement();
        var key = new ClaimKey(c.key().stream(), c.key().no() + 1, c.key().part());
        if (rows.isEmpty()) {
            if (!c.exhausted() && !tables.planted(Bug.EMPTY_WINDOW_STALLS))
                insert(tx, Claimed.anchor(key, token, window.prev, window.snap, null, true, tables.now()));
            return List.of();
        }
        var last = rows.getLast();
        insert(
                tx,
                new Claimed(
                        key,
                        token,
                        lease,
                        ordinal,
                        window.prev,
                        window.snap,
                        window.position,
                        new Position(last.xid(), last.seq()),
                        rows.size() < want,
                        rows.size(),
                        rows.stream().mapToInt(Place::part).min().orElseThrow(),
                        rows.stream().mapToInt(Place::part).max().orElseThrow(),
                        tables.now()));
        return rows;
    }

    Claim resolve(Transaction tx, Lease lease, int stream, long ordinal, ClaimToken token) {
        tx.lockTimeout(RESOLVE_PATIENCE);
        fences.fence(tx, lease);
        tx.statement();
        tx.lock(new StreamLock(stream));
        tx.statement();
        var claim = byToken(tx, token);
        if (claim != null) return new Claim(token, stream, ordinal, rowsOf(tx, claim));
        copyAnchor(tx, stream, null, token);
        return new Claim(token, stream, ordinal, List.of());
    }

    // ---- looking for work

    Set<Integer> poll(Transaction tx, Collection<Integer> streams) {
        tx.statement();
        int live = tables.meta(tx).livePart();
        var some = new HashSet<Integer>();
        tx.statement();
        for (int stream : streams)
            if (polled.of(tx, new Polled(stream, live), () -> hasSomething(tx, stream, live))) some.add(stream);
        return some;
    }

    private record Polled(int stream, int live) {}

    private boolean hasSomething(Transaction tx, int stream, int live) {
        var c = newest(tx, stream, live);
        if (c == null) return false;
        if (!c.exhausted()) return true;
        var behind = new Place(0, stream, c.snap().xmax(), Long.MIN_VALUE);
        var end = new Place(Integer.MAX_VALUE, stream, Long.MAX_VALUE, Long.MAX_VALUE);
        if (tables.log.any(tx, behind, end, row -> row.place().part() >= live)) return true;
        if (tables.planted(Bug.POLL_LOOKS_AHEAD_ONLY)) return false;
        for (long xid : c.snap().inProgress()) {
            var from = new Place(0, stream, xid, Long.MIN_VALUE);
            var to = new Place(Integer.MAX_VALUE, stream, xid, Long.MAX_VALUE);
            if (tables.log.any(tx, from, to, row -> row.place().part() >= live)) return true;
        }
        return false;
    }

    /** Whether a stream's claims have passed this delivery. */
    boolean claimed(Transaction tx, Place place) {
        return claimedBy(tx, place, tables.meta(tx).livePart());
    }

    boolean claimedBy(Transaction tx, Place place, int fromPart) {
        var c = newest(tx, place.stream(), fromPart);
        if (c == null) return false;
        if (c.prev().sees(place.xid())) return true;
        if (!c.snap().sees(place.xid())) return false;
        if (c.exhausted()) return true;
        var upto = uptoOf(c);
        return place.xid() != upto.xid() ? place.xid() < upto.xid() : place.seq() <= upto.seq();
    }

    /** Whether a delivery that is not claimed lies in the window that the stream's last claim has opened: it comes before all that do not. */
    boolean inOpenWindow(Transaction tx, Place place) {
        var c = newest(tx, place.stream(), tables.meta(tx).livePart());
        return c != null && c.snap().sees(place.xid());
    }

    /** The claim that handed this delivery out; null if none is known. */
    @Nullable
    Claimed claimOf(Transaction tx, Place place) {
        return tables.claims.last(
                tx,
                new ClaimKey(place.stream(), 0, 0),
                new ClaimKey(place.stream(), Long.MAX_VALUE, Integer.MAX_VALUE),
                claim -> claim.n() > 0
                        && claim.snap().sees(place.xid())
                        && !claim.prev().sees(place.xid())
                        && behind(place, claim.from())
                        && !behind(place, claim.upto()));
    }

    private static boolean behind(Place place, @Nullable Position position) {
        if (position == null) return false;
        return place.xid() != position.xid() ? place.xid() > position.xid() : place.seq() > position.seq();
    }

    List<Delivery> read(Transaction tx, ClaimToken token, List<Place> places, long maxBytes) {
        tx.statement();
        var read = new ArrayList<Delivery>();
        long bytes = 0;
        for (var place : places) {
            var row = tables.log.get(tx, place);
            if (row == null) break; // a failover has lost it: the rest is asked for anew
            bytes += row.asked().payload().bytes();
            if (bytes > maxBytes && !read.isEmpty()) break;
            read.add(delivery(tx, row, token));
        }
        return read;
    }

    private Delivery delivery(Transaction tx, Logged row, ClaimToken token) {
        var asked = row.asked();
        var key = DeliveryKey.of(row.place());
        int charged = tables.planted(Bug.CHARGES_NOT_TOLD) ? 0 : row.turn().charged();
        boolean marked = tables.cancelMarks.get(tx, key) != null;
        var outcome = marked ? tables.outcomes.get(tx, key) : null;
        boolean cancelled = outcome != null && outcome.word().equals("cancelled");
        return new Delivery(
                row.place(),
                token,
                asked.job(),
                row.turn().run(),
                row.turn().no(),
                row.turn().attempt(),
                row.turn().rescues(),
                charged,
                asked.queue(),
                asked.priority(),
                asked.kind(),
                asked.kindVersion(),
                asked.payload(),
                headers(asked),
                asked.enqueuedAt(),
                asked.expiresAt(),
                asked.expired(tables.now()),
                cancelled,
                (marked && !cancelled)
                        || (row.place().part() < tables.meta(tx).currentPart()
                                && tables.outcomes.get(tx, key) != null));
    }

    private Map<String, String> headers(Asked asked) {
        if (tables.planted(Bug.SHARES_FORGOTTEN) && asked.headers().containsKey(Crowds.SHARE)) {
            var without = new HashMap<>(asked.headers());
            without.remove(Crowds.SHARE);
            return without;
        }
        boolean limitMisread = tables.planted(Bug.LIMIT_MISREAD);
        boolean rateMisread = tables.planted(Bug.RATE_MISREAD);
        var line = limitMisread || rateMisread ? Line.of(asked.headers()) : null;
        var limit = line == null ? null : line.limit();
        if (line == null || limit == null) return asked.headers();
        var more = new Line.Limited(
                limit.name(),
                limitMisread ? limit.atOnce() + 1 : limit.atOnce(),
                limit.key(),
                rateMisread ? doubled(limit.rate()) : limit.rate());
        return new Line(line.order(), more).in(asked.headers());
    }

    private static Line.@Nullable Rated doubled(Line.@Nullable Rated rated) {
        if (rated == null) return null;
        var rate = rated.rate();
        return new Line.Rated(new Line.Rate(2 * rate.count(), rate.period(), rate.burst()), rated.weight());
    }

    // ---- marks and manifests

    void mark(Transaction tx, Lease lease, List<Place> places) {
        fences.fence(tx, lease);
        tx.statement();
        if (tables.planted(Bug.MARKS_FORGOTTEN)) return;
        for (var place : sorted(places)) tables.startMarks.insertIfAbsent(tx, DeliveryKey.of(place), lease.node());
    }

    void outlived(Transaction tx, Lease lease, List<Place> places) {
        fences.fence(tx, lease);
        tx.statement();
        for (var place : sorted(places)) tables.outlived.insertIfAbsent(tx, DeliveryKey.of(place), true);
    }

    private static List<Place> sorted(List<Place> places) {
        return places.stream().sorted(Place.LOCK_ORDER).toList();
    }

    void manifest(Transaction tx, Lease lease, long no, long upto, Collection<Place> open) {
        fences.fence(tx, lease);
        tx.statement();
        long covered = tables.planted(Bug.MANIFEST_AHEAD) ? upto + 1 : upto;
        var key = new ManifestKey(lease.node(), no);
        tables.manifests.insertIfAbsent(tx, key, new Manifest(key, covered, List.copyOf(open)));
        tx.statement();
        for (var old : tables.manifests.range(
                tx, new ManifestKey(lease.node(), 0), new ManifestKey(lease.node(), no - 2), any -> true, 1_000))
            tables.manifests.delete(tx, old.key(), any -> true);
    }

    /** A node's open deliveries: last manifest and later claims, less what has an outcome. */
    List<Place> openPlaces(Transaction tx, NodeId node, int limit) {
        tx.statement();
        var manifest =
                tables.manifests.last(tx, new ManifestKey(node, 0), new ManifestKey(node, Long.MAX_VALUE), any -> true);
        tx.statement();
        var open = new HashSet<Place>();
        if (manifest != null) open.addAll(manifest.open());
        long upto = manifest == null ? -1 : manifest.upto();
        for (var claim : tables.claims.by(tx, tables.claimsByNode, node))
            if (claim.ordinal() > upto) open.addAll(rowsOf(tx, claim));
        tx.statement();
        return open.stream()
                .filter(place -> tables.log.get(tx, place) != null && tables.ending(tx, DeliveryKey.of(place)) == null)
                .sorted(Place.LOCK_ORDER)
                .limit(limit)
                .toList();
    }
}
