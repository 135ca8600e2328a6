package dev.millrace.postgres;

import dev.millrace.Codec;

/** The codec of this store, for tests in other packages. */
public final class Codecs {

    private Codecs() {}

    public static Codec json() {
        return new JsonCodec();
    }
}
