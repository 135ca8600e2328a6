package dev.millrace.benchmarks;

import dev.millrace.benchmarks.trial.Regime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * All regimes of one run.
 *
 * @param at when it began, as the wall clock told it
 * @param setup how it was measured
 * @param regimes those that were measured
 * @param failed those that were not, and why
 * @param goals what was reached of what is wanted
 */
public record Report(
        String at,
        Machine machine,
        Setup setup,
        Map<Regime, RegimeReport> regimes,
        Map<Regime, String> failed,
        List<Judgement> goals) {

    /** For people: the goals, then each regime. */
    public String markdown() {
        var text = new StringBuilder("# Benchmarks of Millrace\n\n");
        text.append("%s. %s\n\n".formatted(at, machine.words()));
        text.append(
                "Each contender has a process of its own, %d MB of heap for Millrace and %d MB for a peer, and its turn in each of %d rounds. A cell is the median; least and most are in brackets.\n\n"
                        .formatted(setup.heapMegabytes(), setup.peerHeapMegabytes(), setup.rounds()));
        text.append(goalTable()).append('\n');
        regimes.forEach((regime, report) -> text.append(
                "## %s\n\n%s.\n\n%s\n".formatted(regime.wireName(), capital(regime.words()), Tables.of(report))));
        failed.forEach((regime, why) -> text.append("## %s\n\nNot measured: %s\n\n".formatted(regime.wireName(), why)));
        return text.append(cards()).toString();
    }

    /** What was reached of what is wanted, as a table of Markdown. */
    public String goalTable() {
        var peers = new LinkedHashSet<String>();
        goals.forEach(goal -> peers.addAll(goal.peers().keySet()));
        var grid = new Tables.Grid();
        var head = new ArrayList<>(List.of("regime", "goal", "Millrace", "raw limit"));
        head.addAll(peers);
        head.add("met");
        grid.row(head);
        for (var goal : goals) {
            var row = new ArrayList<>(List.of(goal.regime().wireName(), goal.goal(), goal.ours(), goal.rawLimit()));
            for (var peer : peers) row.add(goal.peers().getOrDefault(peer, ""));
            row.add(goal.verdict().words());
            grid.row(row);
        }
        return grid.text();
    }

    private String cards() {
        var text = new StringBuilder("## Who played, and how\n\n");
        var told = new LinkedHashSet<String>();
        for (var report : regimes.values())
            for (var figures : report.contenders().values())
                if (figures.card() != null)
                    told.add("- %s, %s: %s\n"
                            .formatted(
                                    figures.contender(),
                                    figures.card().version(),
                                    figures.card().settings().isEmpty()
                                            ? "no settings"
                                            : figures.card().settings()));
        told.forEach(text::append);
        text.append("- the database: %s, %s\n".formatted(machine.database(), machine.settings()));
        return text.toString();
    }

    private static String capital(String words) {
        return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
    }
}
