package dev.millrace.postgres;

import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Currency;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The keyword {@code format} of the schemas that are written here: what a value must look like beyond its JSON type. Names are those of JSON Schema where it has
 * one; whether a value fits is asked of the codec itself.
 */
enum Format {
    DATE_TIME("date-time", Instant.class, "a moment such as \"2027-03-27T02:30:00Z\""),
    OFFSET_DATE_TIME("offset-date-time", OffsetDateTime.class, "a moment such as \"2027-03-27T02:30:00+01:00\""),
    ZONED_DATE_TIME(
            "zoned-date-time", ZonedDateTime.class, "a moment such as \"2027-03-27T02:30:00+01:00[Europe/Berlin]\""),
    LOCAL_DATE_TIME("local-date-time", LocalDateTime.class, "a local time such as \"2027-03-27T02:30:00\""),
    DATE("date", LocalDate.class, "a date such as \"2027-03-27\""),
    LOCAL_TIME("local-time", LocalTime.class, "a time of day such as \"02:30:00\""),
    TIME("time", OffsetTime.class, "a time of day such as \"02:30:00+01:00\""),
    YEAR("year", Year.class, "a year such as 2027"),
    YEAR_MONTH("year-month", YearMonth.class, "a month such as \"2027-03\""),
    MONTH_DAY("month-day", MonthDay.class, "a day of a year such as \"--03-27\""),
    DURATION("duration", Duration.class, "a span of time such as \"PT1H30M\""),
    PERIOD("period", Period.class, "a span of days such as \"P1M\""),
    TIME_ZONE("time-zone", ZoneId.class, "a time zone such as \"Europe/Berlin\""),
    ZONE_OFFSET("zone-offset", ZoneOffset.class, "an offset such as \"+01:00\""),
    UUID_TEXT("uuid", UUID.class, "a UUID such as \"01990e2a-5b1c-7d3e-8f4a-9b6c0d1e2f3a\""),
    URI_TEXT("uri-reference", URI.class, "a URI such as \"https://example.org/a\""),
    CURRENCY("currency", Currency.class, "a currency such as \"EUR\""),
    LOCALE("locale", Locale.class, "a locale such as \"de_DE\""),
    DOUBLE("double", Double.class, "a number"),
    FLOAT("float", Float.class, "a number"),
    DECIMAL("decimal", BigDecimal.class, "a number");

    private static final Map<String, Format> BY_NAME =
            Stream.of(values()).collect(Collectors.toMap(format -> format.wireName, Function.identity()));

    private static final Map<Class<?>, Format> BY_TYPE =
            Stream.of(values()).collect(Collectors.toMap(format -> format.type, Function.identity()));

    final String wireName;
    final Class<?> type;

    /** As the end of "it must be". */
    final String inWords;

    Format(String wireName, Class<?> type, String inWords) {
        this.wireName = wireName;
        this.type = type;
        this.inWords = inWords;
    }

    /** Null if it is none of these: a newer build has more. */
    static @Nullable Format named(String wireName) {
        return BY_NAME.get(wireName);
    }

    static @Nullable Format of(Class<?> type) {
        return BY_TYPE.get(type);
    }
}
