package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.millrace.MillraceException;
import dev.millrace.Priority;
import dev.millrace.simulation.cases.Cases;
import dev.millrace.simulation.cases.Choices;
import dev.millrace.simulation.cases.Hostile;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Month;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Currency;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Codec and schema agree: what is written fits, what is read fits, and what fits is read. */
class JsonSchemasPropertyTest {

    enum Size {
        SMALL,
        EXTRA_LARGE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    record Numbers(byte a, short b, int c, long d, float e, double f, boolean g, BigInteger h, BigDecimal i) {}

    record Boxes(
            @Nullable Byte a,
            @Nullable Short b,
            @Nullable Integer c,
            @Nullable Long d,
            @Nullable Float e,
            @Nullable Double f,
            @Nullable Boolean g,
            Optional<Integer> h,
            Optional<Line> i) {}

    record Line(String sku, @Nullable Line part) {}

    record Texts(
            String text,
            Size size,
            Priority priority,
            UUID id,
            URI page,
            Currency currency,
            Locale locale,
            DayOfWeek day,
            Month month) {}

    record Times(
            Instant a,
            LocalDate b,
            LocalDateTime c,
            LocalTime d,
            OffsetDateTime e,
            ZonedDateTime f,
            Duration g,
            Period h,
            Year i,
            YearMonth j,
            MonthDay k,
            ZoneId l,
            ZoneOffset m) {}

    record Containers(
            List<Line> lines,
            Set<Size> sizes,
            Map<String, List<Integer>> facts,
            SortedMap<Size, Line> bySize,
            Map<UUID, String> byId,
            int[] numbers,
            String[][] table,
            byte[] bytes,
            JsonNode tree,
            Object anything) {

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Containers;
        }

        @Override
        public int hashCode() {
            return 0;
        }
    }

    record Pair<A, B>(A first, List<B> rest) {}

    record Pairs(Pair<String, Integer> one, Pair<Line, Pair<Boolean, String>> other) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "by")
    sealed interface Payment permits Card, Transfer, Cash {}

    @JsonTypeName("card")
    record Card(String number, Optional<YearMonth> until) implements Payment {}

    record Transfer(String iban) implements Payment {}

    @JsonTypeName("cash")
    record Cash() implements Payment {}

    record Paid(Payment payment, List<Payment> before) {}

    record Renamed(@JsonProperty("order-no") long order, String aTitle) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Lenient(int a) {}

    record Money(BigDecimal amount, String currency) {
        static Money valueOf(String text) {
            return new Money(new BigDecimal(text.substring(0, text.length() - 4)), text.substring(text.length() - 3));
        }
    }

    record Priced(Money price) {}

    record Weight(long grams) {
        static Weight of(String text) {
            return new Weight(Long.parseLong(text));
        }
    }

    record Parcel(Weight weight, List<Weight> more) {}

    record Empty() {}

    private final JsonCodec codec = new JsonCodec();
    private final JsonMapper tree = new JsonMapper();
    private final SchemaRegistry standard = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Map<Class<?>, String> schemas = new ConcurrentHashMap<>();
    private final Map<Class<?>, Schema> standards = new ConcurrentHashMap<>();

    private String schema(Class<?> type) {
        return schemas.computeIfAbsent(type, codec::schema);
    }

    /** Nothing, if a validator by somebody else finds nothing either. */
    private List<String> standardly(Class<?> type, String text) {
        return standards
                .computeIfAbsent(type, one -> standard.getSchema(schema(one), InputFormat.JSON))
                .validate(node(text))
                .stream()
                .map(Object::toString)
                .toList();
    }

    private JsonNode node(String text) {
        return (JsonNode) Objects.requireNonNull(codec.decode(text, JsonNode.class));
    }

    private boolean reads(String text, Class<?> type) {
        try {
            return codec.decode(text, type) != null;
        } catch (MillraceException | IllegalArgumentException | StringIndexOutOfBoundsException refused) {
            return false;
        }
    }

    @Test
    void what_the_codec_writes_fits() {
        Cases.forAll(300, JsonSchemasPropertyTest::value, value -> {
            var text = codec.encode(value);

            assertThat(codec.misfits(text, schema(value.getClass()), "it"))
                    .as(text)
                    .isEmpty();
            assertThat(standardly(value.getClass(), text)).as(text).isEmpty();
        });
    }

    /** A text that is one of a kind's, but for some slips. */
    record Slipped(Class<?> type, String text) {}

    @Test
    void what_the_codec_reads_fits_and_what_fits_it_reads() {
        Cases.forAll(1_500, this::slipped, slip -> {
            var misfits = codec.misfits(slip.text(), schema(slip.type()), "it");

            if (reads(slip.text(), slip.type())) assertThat(misfits).isEmpty();
            else if (!isOpen(slip.type())) assertThat(misfits).isNotEmpty();
            for (var misfit : misfits)
                assertThat(misfit.message()).hasSizeLessThan(1_000).doesNotContainPattern("[\\p{Cc}\\p{Cs}]");
        });
    }

    @Test
    void a_schema_is_one_by_the_standard_which_refuses_nothing_that_is_taken_here() {
        Cases.forAll(300, this::slipped, slip -> {
            if (codec.misfits(slip.text(), schema(slip.type()), "it").isEmpty())
                assertThat(standardly(slip.type(), slip.text())).isEmpty();
        });
    }

    /** Where the schema leaves something open, which the codec then finds. */
    private static boolean isOpen(Class<?> type) {
        return Set.of(Containers.class, Priced.class, Texts.class).contains(type);
    }

    // ---- slips

    private Slipped slipped(Choices choices) {
        var value = value(choices);
        var text = codec.encode(value);
        var root = node(text);
        var holders = new ArrayList<JsonNode>();
        gather(root, holders);
        for (int slips = 1 + choices.below(2); slips > 0 && !holders.isEmpty(); slips--)
            slip(choices, holders.get(choices.below(holders.size())));
        return new Slipped(value.getClass(), holders.isEmpty() ? Hostile.json(choices) : tree.writeValueAsString(root));
    }

    private static void gather(JsonNode node, List<JsonNode> into) {
        if (node.isContainer()) into.add(node);
        for (var inside : node) gather(inside, into);
    }

    private void slip(Choices choices, JsonNode where) {
        var wrong = tree.readTree(choices.of(
                "null",
                "true",
                "0",
                "-1",
                "200",
                "1.5",
                "3000000000",
                "1e30",
                "\"\"",
                "\" \"",
                "\"x\"",
                "\"5\"",
                "\"true\"",
                "\"NaN\"",
                "\"EXTRA_LARGE\"",
                "\"extra large\"",
                "\" small \"",
                "\"2027-03-27\"",
                "\"PT1H\"",
                "\"2027-03-27T02:30:00Z\"",
                "\"EUR\"",
                "[]",
                "[1]",
                "[2027,3,27]",
                "{}",
                "{\"sku\":\"a\",\"part\":null}",
                "[\"card\",{\"number\":\"7\",\"until\":null}]",
                "{\"by\":\"card\",\"number\":\"7\",\"until\":null}",
                "{\"by\":\"other\"}",
                "{\"by\":7}"));
        switch (where) {
            case ObjectNode object -> {
                var names = List.copyOf(object.propertyNames());
                if (names.isEmpty() || choices.oneIn(5)) object.set(choices.of("x", "skU", "", "a/b"), wrong);
                else if (choices.oneIn(4)) object.remove(names.get(choices.below(names.size())));
                else object.set(names.get(choices.below(names.size())), wrong);
            }
            case ArrayNode array -> {
                if (array.isEmpty() || choices.oneIn(3)) array.add(wrong);
                else array.set(choices.below(array.size()), wrong);
            }
            default -> {}
        }
    }

    // ---- values

    private static Object value(Choices choices) {
        return choices.any(
                JsonSchemasPropertyTest::numbers,
                JsonSchemasPropertyTest::boxes,
                JsonSchemasPropertyTest::texts,
                JsonSchemasPropertyTest::times,
                JsonSchemasPropertyTest::containers,
                c -> new Pairs(
                        new Pair<>(Hostile.text(c), c.list(2, d -> d.below(9))),
                        new Pair<>(line(c), c.list(2, d -> new Pair<>(d.oneIn(2), List.of("a"))))),
                c -> new Paid(payment(c), c.list(2, JsonSchemasPropertyTest::payment)),
                c -> new Renamed(c.below(9), "x"),
                c -> new Lenient(c.below(9)),
                c -> new Priced(new Money(BigDecimal.valueOf(c.below(900), 2), "EUR")),
                c -> new Parcel(new Weight(c.below(9)), List.of(new Weight(1))),
                c -> new Empty(),
                JsonSchemasPropertyTest::line);
    }

    private static Object numbers(Choices c) {
        return new Numbers(
                c.of((byte) 0, Byte.MIN_VALUE, Byte.MAX_VALUE),
                c.of((short) 0, Short.MIN_VALUE, Short.MAX_VALUE),
                c.of(0, Integer.MIN_VALUE, Integer.MAX_VALUE),
                c.of(0L, Long.MIN_VALUE, Long.MAX_VALUE),
                c.of(0f, Float.NaN, Float.MAX_VALUE, Float.NEGATIVE_INFINITY),
                c.of(0d, Double.NaN, Double.MIN_VALUE, Double.POSITIVE_INFINITY),
                c.oneIn(2),
                new BigInteger(c.of("0", "-1", "9".repeat(400))),
                new BigDecimal(c.of("0", "1.10", "1E+400", "-3")));
    }

    private static Object boxes(Choices c) {
        return new Boxes(
                c.oneIn(2) ? null : (byte) 1,
                c.oneIn(2) ? null : (short) 1,
                c.oneIn(2) ? null : 1,
                c.oneIn(2) ? null : 1L,
                c.oneIn(2) ? null : 1f,
                c.oneIn(2) ? null : 1d,
                c.oneIn(2) ? null : true,
                c.oneIn(2) ? Optional.empty() : Optional.of(1),
                c.oneIn(2) ? Optional.empty() : Optional.of(line(c)));
    }

    private static Line line(Choices c) {
        return new Line(Hostile.text(c), c.oneIn(3) ? line(c) : null);
    }

    private static Object texts(Choices c) {
        return new Texts(
                Hostile.text(c),
                c.of(Size.values()),
                c.of(Priority.values()),
                new UUID(7, c.below(9)),
                URI.create(c.of("", "https://example.org/a?b=c", "mailto:a@example.org")),
                Currency.getInstance(c.of("EUR", "USD")),
                c.of(Locale.GERMANY, Locale.ROOT),
                c.of(DayOfWeek.values()),
                c.of(Month.values()));
    }

    private static Object times(Choices c) {
        var at = c.of(Instant.EPOCH, Instant.parse("2027-03-27T02:30:00.123456789Z"), Instant.ofEpochSecond(-1, 1));
        var there = at.atZone(ZoneId.of("Europe/Berlin"));
        return new Times(
                at,
                there.toLocalDate(),
                there.toLocalDateTime(),
                there.toLocalTime(),
                there.toOffsetDateTime(),
                there,
                c.of(Duration.ZERO, Duration.ofNanos(-1), Duration.ofDays(9)),
                c.of(Period.ZERO, Period.ofMonths(1)),
                Year.of(c.of(0, 2027)),
                YearMonth.of(2027, 3),
                MonthDay.of(2, 29),
                c.of(ZoneId.of("Europe/Berlin"), ZoneOffset.UTC),
                c.of(ZoneOffset.UTC, ZoneOffset.ofHours(1)));
    }

    private static Object containers(Choices c) {
        var facts = new HashMap<String, List<Integer>>();
        for (var name : c.list(2, Hostile::text)) facts.put(name, c.list(2, d -> d.below(9)));
        return new Containers(
                c.list(2, JsonSchemasPropertyTest::line),
                new HashSet<>(c.list(2, d -> d.of(Size.values()))),
                facts,
                new TreeMap<>(Map.of(c.of(Size.values()), line(c))),
                Map.of(new UUID(1, 2), "a"),
                new int[] {1, c.below(9)},
                new String[][] {{"a"}, {}},
                new byte[] {1, 2},
                JsonMapper.shared().readTree(c.of("null", "{}", "[1]", "1.5")),
                c.of(1, "a", List.of()));
    }

    private static Payment payment(Choices c) {
        return c.any(
                d -> new Card("7", d.oneIn(2) ? Optional.empty() : Optional.of(YearMonth.of(2027, 3))),
                d -> new Transfer(Hostile.text(d)),
                d -> new Cash());
    }
}
