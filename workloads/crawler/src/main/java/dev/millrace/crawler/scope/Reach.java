package dev.millrace.crawler.scope;

import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.HostKey;

/** How far from its seeds a crawl may go, before any pattern is asked. */
public enum Reach {
    /** The seed's host and port, and only its folder and below: what {@code wget --no-parent} does. */
    FOLDER,
    /**
     * The seed's host and port, any path. The default: it is what Scrapy's and most crawlers' users expect, a
     * documentation site is found whole from whichever page was given, and no link can lead to a stranger's server. The
     * default ports of http and https count as one, since a site that moved to https redirects between them.
     */
    HOST,
    /** Every host of the seed's registrable domain, any port: {@code docs.example.org} from {@code www.example.org}. */
    DOMAIN,
    /** Any host. Only for crawls with a small {@code maxPages} or with include patterns. */
    ANYWHERE;

    boolean covers(CrawlUrl home, CrawlUrl url) {
        return switch (this) {
            case FOLDER -> sameHost(home.hostKey(), url.hostKey()) && url.path().startsWith(folder(home.path()));
            case HOST -> sameHost(home.hostKey(), url.hostKey());
            case DOMAIN ->
                home.hostKey().registrableDomain().equals(url.hostKey().registrableDomain());
            case ANYWHERE -> true;
        };
    }

    private static boolean sameHost(HostKey a, HostKey b) {
        return a.host().equals(b.host()) && (a.port() == b.port() || (a.hasDefaultPort() && b.hasDefaultPort()));
    }

    /** Up to the last slash, as a relative link is resolved: {@code /guide/intro.html} lies in {@code /guide/}. */
    private static String folder(String path) {
        return path.substring(0, path.lastIndexOf('/') + 1);
    }
}
