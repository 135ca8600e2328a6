package dev.millrace.crawler.page;

import dev.millrace.crawler.fetch.Fetched.Response;
import dev.millrace.crawler.fetch.Headers;
import dev.millrace.crawler.fetch.UserAgent;
import dev.millrace.crawler.page.Page.Cut;
import dev.millrace.crawler.url.CrawlUrl;
import dev.millrace.crawler.url.ParsedUrl.Valid;
import dev.millrace.crawler.url.UrlParser;
import dev.millrace.crawler.url.UrlRules;
import java.io.FilterReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.parser.Parser;
import org.jsoup.parser.StreamParser;
import org.jsoup.select.NodeFilter;
import org.jspecify.annotations.Nullable;

/**
 * Reads pages. jsoup builds the tree that a browser would build, however broken the markup is, and to a bounded depth;
 * one walk over it gathers words and links.
 *
 * <p>Links are resolved against where the page was found after redirects, or against its {@code <base>}, and then made
 * canonical by the crawl's rules. What is in a {@code template} is no part of the page. In a {@code noscript} links
 * count, since nothing here runs scripts, but words don't: they mostly ask for a browser.
 *
 * <p>Immutable; may be shared between threads.
 */
public final class PageReader {

    private static final UrlParser AS_WRITTEN = new UrlParser(UrlRules.asWritten());

    /** What a tag costs in memory: an element and the text behind it. Measured. */
    private static final long BYTES_OF_A_TAG = 220;

    /** What a byte of markup costs while it is read: decoded, and in the parser's buffers. */
    private static final long BYTES_OF_A_BYTE = 4;

    private final PageLimits limits;
    private final UrlParser parser;
    private final UserAgent agent;
    private final ReadingRoom room;

    /**
     * A reader.
     *
     * @param parser makes links canonical
     * @param agent  by whose name pages may address us
     * @param room   where pages are read, shared by all readers of the process
     */
    public PageReader(PageLimits limits, UrlParser parser, UserAgent agent, ReadingRoom room) {
        this.limits = limits;
        this.parser = parser;
        this.agent = agent;
        this.room = room;
    }

    /**
     * Reads a page of HTML or XHTML: markup can't be wrong enough, only too much. Takes time linear in the page, but
     * markup made for it takes up to a second for each mebibyte, so it heeds an interrupt. Waits while others read so
     * much that the memory for it is taken.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    @SuppressWarnings("try") // the seat is only there to be left
    public Reading read(Response response) throws InterruptedException {
        var body = response.body();
        long tags = tagsIn(body.bytes());
        if (tags > 2L * limits.maxElements()) return tooComplex(response);
        try (var seat = room.enter(BYTES_OF_A_BYTE * body.length() + BYTES_OF_A_TAG * tags)) {
            var document = parse(body.text(), response.trail().finalUrl());
            return document == null ? tooComplex(response) : page(response, document);
        }
    }

    /** At least as many as there are tags and comments: each of these makes a node or two, or none. */
    private static long tagsIn(byte[] bytes) {
        long tags = 0;
        for (byte b : bytes) if (b == '<') tags++;
        return tags;
    }

    private Reading tooComplex(Response response) {
        return new Reading.TooComplex("%s has more than %,d elements, the most that are read."
                .formatted(response.trail().finalUrl(), limits.maxElements()));
    }

    private Page page(Response response, Document document) {
        var found = response.trail().finalUrl();
        var body = response.body();
        var text = new TextCollector(limits.maxText());
        var self = parser.parse(found.href()) instanceof Valid valid ? valid.url() : found;
        var links = new LinkCollector(baseOf(document, found), self, parser, limits.maxLinks());
        document.filter(new Walk(text, links));
        var title = new TextCollector(limits.maxTitle());
        title.text(document.title());
        return new Page(
                title.collected(),
                text.collected(),
                links.links(),
                links.canonical(),
                RobotsMeta.of(document, response.headers(), agent.token()),
                language(document, response.headers()),
                body.sha256(),
                new Cut(title.isFull(), text.isFull(), links.isFull(), links.malformed(), links.skipped()));
    }

    /**
     * The page's tree; null if it has too many elements. Markup of a few tags can make many: what is open is opened anew in each
     * paragraph. So they are counted while they are made.
     */
    private @Nullable Document parse(String html, CrawlUrl found) throws InterruptedException {
        var html5 = Parser.htmlParser().setMaxDepth(limits.maxDepth());
        try (var parser = new StreamParser(html5).parse(new InterruptibleReader(html), found.href())) {
            var elements = parser.iterator();
            for (int read = 0; elements.hasNext(); read++) {
                if (read == limits.maxElements()) return null;
                elements.next();
            }
            return parser.document();
        } catch (UncheckedIOException interrupted) {
            throw new InterruptedException("The page was not read to its end, since its reader was interrupted.");
        }
    }

    private static CrawlUrl baseOf(Document document, CrawlUrl found) {
        var base = document.selectFirst("base[href]");
        return base != null && AS_WRITTEN.resolve(found, base.attr("href")) instanceof Valid valid
                ? valid.url()
                : found;
    }

    private static String language(Document document, Headers headers) {
        var html = document.selectFirst("html");
        var named = html == null ? "" : html.hasAttr("lang") ? html.attr("lang") : html.attr("xml:lang");
        var meta = document.selectFirst("meta[http-equiv=content-language][content]");
        if (named.isBlank() && meta != null) named = meta.attr("content");
        if (named.isBlank()) named = headers.first("content-language").orElse("");
        var tag = named.strip();
        return tag.matches("[A-Za-z0-9-]{1,35}") ? tag : ""; // RFC 5646, 4.4.1: 35 characters are enough for any
    }

    /** The parser asks for a few thousand characters at a time: the one place where it can be stopped. */
    private static final class InterruptibleReader extends FilterReader {

        InterruptibleReader(String html) {
            super(new StringReader(html));
        }

        @Override
        public int read(char[] buffer, int offset, int length) throws IOException {
            if (Thread.interrupted()) throw new InterruptedIOException();
            return super.read(buffer, offset, length);
        }
    }

    private record Walk(TextCollector text, LinkCollector links) implements NodeFilter {

        @Override
        public FilterResult head(Node node, int depth) {
            if (node instanceof Element element) {
                if (element.normalName().equals("template")) return FilterResult.SKIP_ENTIRELY;
                text.begin(element);
                links.see(element);
            } else if (node instanceof TextNode words) {
                text.text(words.getWholeText());
            }
            return FilterResult.CONTINUE;
        }

        @Override
        public FilterResult tail(Node node, int depth) {
            if (node instanceof Element element && !element.normalName().equals("template")) text.end(element);
            return FilterResult.CONTINUE;
        }
    }
}
