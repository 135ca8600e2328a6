package dev.millrace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The stable name of a kind of job, and the version of its payload. Stored jobs outlive class names, so the name is stated, once, on
 * the record: {@code @Kind("send-invoice") record SendInvoice(long order) implements Job<Receipt>}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Kind {

    /** The name: lower-case letters, digits, dots, dashes and underscores, at most 63. Never change it while jobs of it are stored. */
    String value();

    /** Raise it when the components change in a way that stored payloads don't fit; {@code NodeBuilder.upcast} is the way up. */
    int version() default 1;
}
