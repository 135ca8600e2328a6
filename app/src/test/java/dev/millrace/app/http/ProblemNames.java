package dev.millrace.app.http;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Shows tests elsewhere the kinds of problems. */
public final class ProblemNames {

    private ProblemNames() {}

    /** Each by the end of its URI. */
    public static Map<String, Integer> withStatus() {
        return Arrays.stream(ProblemType.values())
                .collect(Collectors.toMap(
                        type -> type.uri().replace("urn:millrace:problem:", ""),
                        type -> type.status,
                        (a, b) -> a,
                        TreeMap::new));
    }
}
