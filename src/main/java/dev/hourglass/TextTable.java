package dev.hourglass;

import java.util.ArrayList;
import java.util.List;

/** A table in plain characters. */
public final class TextTable {

    private final List<String[]> rows = new ArrayList<>();
    private final String alignment;

    /**
     * Begins with the heads of the columns.
     *
     * @param alignment a character for each column: {@code l} or {@code r}
     */
    public TextTable(String alignment, String... heads) {
        this.alignment = alignment;
        row(heads);
        rows.add(null);
    }

    /** Adds a row of as many cells as there are heads. */
    public void row(String... cells) {
        if (cells.length != alignment.length()) {
            throw new IllegalArgumentException(cells.length + " cells for " + alignment.length() + " columns");
        }
        rows.add(cells.clone());
    }

    /** Adds a rule across. */
    public void rule() {
        rows.add(null);
    }

    @Override
    public String toString() {
        int[] widths = new int[alignment.length()];
        for (String[] row : rows) {
            for (int column = 0; row != null && column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = row == null ? "-".repeat(widths[column]) : row[column];
                String padding = (row == null ? "-" : " ").repeat(widths[column] - cell.length());
                line.append(column == 0 ? "" : "  ");
                line.append(alignment.charAt(column) == 'r' ? padding + cell : cell + padding);
            }
            text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
        return text.toString();
    }
}
