package dev.millrace.crawler.fetch;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SchemePortResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.io.HttpClientConnectionOperator;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.HttpRequestInterceptor;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseParserFactory;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * Builds the HTTP client: everything that HttpClient would do by itself and that a crawler has to decide is switched
 * off (redirects, retries, decompression, cookies, authentication, upgrades, its own name lookups), and its sockets are
 * guarded ones.
 *
 * <p>Connections are kept for the next page of the same host for half a minute. One that idled for a second is probed
 * before its use, since servers close idle connections without a word.
 */
final class Connections {

    /** Longest line of a head, in bytes. Cookies of 4 KiB are common, and four of them in a line are not. */
    static final int MAX_HEADER_LINE = 16 * 1024;
    /** Most headers of an answer; popular sites send about 30. */
    static final int MAX_HEADERS = 200;

    private static final TimeValue KEPT_IDLE = TimeValue.ofSeconds(30);
    private static final TimeValue TRUSTED_IDLE = TimeValue.ofSeconds(1);
    private static final int PER_HOST = 4; // the caller's politeness decides; this only bounds a mistake

    private Connections() {}

    static CloseableHttpClient client(FetcherSettings settings, HttpRequestInterceptor onceConnected) {
        var http1 = Http1Config.custom()
                .setMaxLineLength(MAX_HEADER_LINE)
                .setMaxHeaderCount(MAX_HEADERS)
                .build();
        var connectTimeout = Timeout.of(settings.connectTimeout());
        var connections = new Guarded(settings.addresses())
                .setConnectionFactory(ManagedHttpClientConnectionFactory.builder()
                        .http1Config(http1)
                        .responseParserFactory(
                                new DefaultHttpResponseParserFactory(http1)) // HttpClient's own skips garbage
                        .build())
                .setDnsResolver(new NoNames())
                .setDefaultConnectionConfig(ConnectionConfig.custom()
                        .setConnectTimeout(connectTimeout)
                        .setSocketTimeout(connectTimeout) // until the request sets its own
                        .setValidateAfterInactivity(TRUSTED_IDLE)
                        .build())
                .setMaxConnTotal(settings.maxConnections())
                .setMaxConnPerRoute(PER_HOST)
                .build();
        return HttpClients.custom()
                .setConnectionManager(connections)
                .setUserAgent(settings.userAgent().header())
                .setDefaultRequestConfig(config(Timeout.ofSeconds(30)))
                .addRequestInterceptorLast(onceConnected)
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableConnectionState()
                .evictExpiredConnections()
                .evictIdleConnections(KEPT_IDLE)
                .build();
    }

    /** For one request that has this long. */
    static RequestConfig config(Timeout remaining) {
        return RequestConfig.custom()
                .setConnectionRequestTimeout(remaining)
                .setResponseTimeout(remaining)
                .setRedirectsEnabled(false)
                .setAuthenticationEnabled(false)
                .setContentCompressionEnabled(false)
                .setProtocolUpgradeEnabled(false)
                .build();
    }

    /** Puts guarded sockets where HttpClient makes plain ones. */
    private static final class Guarded extends PoolingHttpClientConnectionManagerBuilder {

        private final AddressPolicy policy;

        Guarded(AddressPolicy policy) {
            this.policy = policy;
        }

        @Override
        protected HttpClientConnectionOperator createConnectionOperator(
                SchemePortResolver ports, DnsResolver names, TlsSocketStrategy tls) {
            return new DefaultHttpClientConnectionOperator(
                    socksProxy -> new GuardedSocket(policy),
                    ports,
                    names,
                    RegistryBuilder.<TlsSocketStrategy>create()
                            .register("https", tls)
                            .build());
        }
    }

    /** Names are looked up and vetted before a request is made; one that gets here came around that. */
    private static final class NoNames implements DnsResolver {

        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            throw new UnknownHostException(host + " was not vetted before it was connected to");
        }

        @Override
        public String resolveCanonicalHostname(String host) throws UnknownHostException {
            throw new UnknownHostException(host + " was not vetted before it was connected to");
        }
    }
}
