package dev.millrace;

/**
 * The wire name and version of a kind of job, as its class says it.
 *
 * @param version of the payload, from 1
 */
record KindName(String name, int version) {

    /** Reads the class's {@link Kind}. */
    static KindName of(Class<?> type) {
        var kind = type.getAnnotation(Kind.class);
        if (kind == null)
            throw new MillraceException(
                    "%s has no @Kind. Stored jobs outlive class names, so a job needs a name of its own: @Kind(\"%s\") would do."
                            .formatted(type.getSimpleName(), Words.asName(type.getSimpleName())));
        Bounds.name("The kind of " + type.getSimpleName(), kind.value());
        Bounds.count("The version of " + type.getSimpleName(), kind.version(), Integer.MAX_VALUE);
        return new KindName(kind.value(), kind.version());
    }

    @Override
    public String toString() {
        return name + " version " + version;
    }
}
