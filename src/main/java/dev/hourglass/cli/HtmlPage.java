package dev.hourglass.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;

/**
 * A page from a template: each {@code {{name}}} in it is replaced, and every value is escaped; {@code style} is the style of all pages.
 * The page needs no other file.
 */
final class HtmlPage {

    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    private final Map<String, String> values = new HashMap<>();
    private final String template;

    HtmlPage(String template) {
        this.template = resource(template);
        values.put("style", resource("page.css"));
    }

    private static String resource(String name) {
        try (InputStream in = HtmlPage.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sets a place to a text. */
    void text(String name, String value) {
        values.put(name, escape(value));
    }

    /** Sets a place to a picture, for the {@code src} of an {@code img}. */
    void image(String name, BufferedImage picture) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        values.put(name, "data:image/png;base64," + Base64.getEncoder().encodeToString(png.toByteArray()));
    }

    /** Sets a place to a row of {@code span}s. */
    void cells(String name, List<String> cells) {
        StringBuilder html = new StringBuilder();
        cells.forEach(cell -> html.append("<span>").append(escape(cell)).append("</span>"));
        values.put(name, html.toString());
    }

    /** Sets a place to the rows of a table; a cell is marked with its own text as class where that is pass or FAIL. */
    void table(String name, List<String> heads, List<List<String>> rows) {
        values.put(name, rows(heads, rows));
    }

    /** Sets a place to tables of numbers, each closed below a line that opens it. */
    void foldedTables(String name, List<String> heads, Map<String, List<List<String>>> tables) {
        StringBuilder html = new StringBuilder();
        tables.forEach((title, rows) -> html.append("<details><summary>")
                .append(escape(title))
                .append("</summary>\n<div class=\"wide\"><table class=\"numbers\">\n")
                .append(rows(heads, rows))
                .append("</table></div></details>\n"));
        values.put(name, html.toString());
    }

    private static String rows(List<String> heads, List<List<String>> rows) {
        StringBuilder html = new StringBuilder();
        if (!heads.isEmpty()) {
            html.append("<tr>");
            heads.forEach(head -> html.append("<th>").append(escape(head)).append("</th>"));
            html.append("</tr>\n");
        }
        for (List<String> row : rows) {
            html.append("<tr>");
            for (String cell : row) {
                String mark = cell.equals("pass") || cell.equals("FAIL") ? " class=\"" + cell + "\"" : "";
                html.append("<td").append(mark).append('>').append(escape(cell)).append("</td>");
            }
            html.append("</tr>\n");
        }
        return html.toString();
    }

    /** The page, in UTF-8. */
    byte[] html() {
        String html = PLACE.matcher(template).replaceAll(place -> {
            String value = values.get(place.group(1));
            if (value == null) {
                throw new IllegalStateException(
                        "the page has a place for " + place.group(1) + " and nothing to put there");
            }
            return Matcher.quoteReplacement(value);
        });
        return html.getBytes(StandardCharsets.UTF_8);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
