package dev.millrace.benchmarks.plot;

import dev.millrace.MillraceException;
import dev.millrace.benchmarks.trial.Gauge;
import dev.millrace.benchmarks.trial.Regime;
import dev.millrace.benchmarks.trial.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The images of some reports, as text of SVG by the names of their files. The same reports make the same text, on every machine, so that
 * an image in a repository changes only with its data.
 *
 * <p>We write SVG ourselves: libraries of charts write it by way of another one, with a licence of another kind or a heap of other formats,
 * and measure text with the fonts that a machine happens to have.
 */
public final class Plots {

    private static final String WHAT_A_REPORT_IS =
            "A report is what bench --json prints, or a .json file that bench --out wrote.";

    private final Map<String, String> images = new LinkedHashMap<>();
    private final Map<String, Path> sources = new LinkedHashMap<>();

    private Plots() {}

    /**
     * Draws them.
     *
     * @return the images by the names of their files, in the order of the reports
     * @throws MillraceException if one of them can't be drawn; the message says which, and why
     */
    public static Map<String, String> of(List<Path> reports) {
        var plots = new Plots();
        reports.forEach(plots::add);
        return Collections.unmodifiableMap(plots.images);
    }

    private void add(Path file) {
        var report = read(file);
        int before = images.size();
        var regimes = report.path("regimes");
        if (regimes.isObject()) regimes.forEach(regime -> add(file, regime));
        else if (report.path("contenders").isObject()) add(file, report);
        else
            throw new MillraceException(
                    "%s can't be drawn: it is JSON, but has neither \"regimes\" nor \"contenders\". %s"
                            .formatted(file, WHAT_A_REPORT_IS));
        if (images.size() == before)
            throw new MillraceException(
                    "%s can't be drawn: nothing was measured in it. Its notes say why; measure again.".formatted(file));
    }

    private static JsonNode read(Path file) {
        if (!Files.exists(file)) throw new MillraceException("There is no %s. Name a report.".formatted(file));
        try {
            var report = new JsonMapper().readTree(Files.readString(file));
            if (!report.isObject())
                throw new MillraceException(
                        "%s can't be read as a report: it is no object of JSON. %s".formatted(file, WHAT_A_REPORT_IS));
            return report;
        } catch (IOException | JacksonException e) {
            throw new MillraceException(
                    "%s can't be read as a report: %s. %s"
                            .formatted(
                                    file,
                                    String.valueOf(e.getMessage())
                                            .lines()
                                            .findFirst()
                                            .orElse("it is no JSON"),
                                    WHAT_A_REPORT_IS),
                    e);
        }
    }

    private void add(Path file, JsonNode report) {
        var name = report.path("regime").stringValue("");
        var regime = List.of(Regime.values()).stream()
                .filter(known -> known.wireName().equals(name))
                .findFirst()
                .orElseThrow(() -> new MillraceException(
                        "%s can't be drawn: it is of the regime \"%s\", which this build does not know. Draw it with the build that measured it."
                                .formatted(file, name)));
        if (regime == Regime.SOAK) soak(file, report);
        else bars(file, regime, report);
    }

    private void bars(Path file, Regime regime, JsonNode report) {
        var panels = new ArrayList<BarImage.Panel>();
        for (var headline : Headline.of(regime))
            headline.panel(report.path("contenders")).ifPresent(panels::add);
        if (panels.isEmpty()) return;
        int rounds = report.path("rounds").intValue(1);
        var remark = rounds == 1
                ? "one round"
                : "%d rounds: a bar is the median, its whisker goes from the least to the most".formatted(rounds);
        keep(file, regime.wireName(), new BarImage(regime.wireName(), List.of(regime.words(), remark), panels).draw());
    }

    private void soak(Path file, JsonNode report) {
        var sizes = report.path("sizes");
        int rounds = 0;
        for (var row : report.path("contenders"))
            for (var round : row.path("series")) {
                var samples = samples(file, round);
                if (samples.isEmpty()) continue;
                rounds++;
                var of = "soak at %,d jobs/s%s"
                        .formatted(sizes.path("perSecond").intValue(0), rounds == 1 ? "" : ", round " + rounds);
                for (var image : SeriesImage.ofASoak())
                    keep(
                            file,
                            rounds == 1 ? "soak-" + image.name() : "soak-round-%d-%s".formatted(rounds, image.name()),
                            image.draw(of, samples));
            }
        if (rounds == 0)
            throw new MillraceException(
                    "%s can't be drawn: it is of a soak, but has no series. Give the report that bench soak --json printed, or that --out wrote, whole."
                            .formatted(file));
    }

    /** Gauges that this build does not know are left out. */
    private static List<Sample> samples(Path file, JsonNode round) {
        var samples = new ArrayList<Sample>();
        for (var sample : round) {
            var at = sample.path("atSeconds");
            var seconds = sample.path("seconds");
            if (!at.isNumber() || !seconds.isNumber())
                throw new MillraceException(
                        "%s can't be drawn: sample %d of its series does not say when it was. Give the report as bench soak wrote it."
                                .formatted(file, samples.size() + 1));
            var values = new EnumMap<Gauge, Double>(Gauge.class);
            for (var value : sample.path("values").properties())
                if (value.getValue().isNumber())
                    Gauge.named(value.getKey())
                            .ifPresent(
                                    gauge -> values.put(gauge, value.getValue().doubleValue()));
            samples.add(new Sample(
                    at.doubleValue(), seconds.doubleValue(), sample.path("held").booleanValue(false), values));
        }
        return samples;
    }

    private void keep(Path file, String name, String image) {
        var other = sources.putIfAbsent(name, file);
        if (other != null)
            throw new MillraceException(
                    "%s and %s both have what %s.svg shows. Draw them one at a time, each into a folder of its own."
                            .formatted(other, file, name));
        images.put(name + ".svg", image);
    }
}
