package dev.hourglass.error;

/**
 * Something from outside was wrong: a file, a shape, an option, the machine. The message says what happened, where, what was
 * expected, what was found and how to mend it, so that it can be shown to a person as it is, without a stack trace.
 */
public final class HourglassException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private HourglassException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Starts a message.
     *
     * @param what what went wrong, in one clause ({@code "the file ends too early"})
     */
    public static Builder what(String what) {
        return new Builder(what);
    }

    /** Collects the parts of a message; every part but {@code what} is optional. */
    public static final class Builder {

        private final String what;
        private String where;
        private String expected;
        private String found;
        private String mend;
        private Throwable cause;

        private Builder(String what) {
            this.what = what;
        }

        /** The place: a file, a tensor's name, a layer's path, an option. */
        public Builder where(Object where) {
            this.where = String.valueOf(where);
            return this;
        }

        /** What would have been right. */
        public Builder expected(Object expected) {
            this.expected = String.valueOf(expected);
            return this;
        }

        /** What was there instead. */
        public Builder found(Object found) {
            this.found = String.valueOf(found);
            return this;
        }

        /** What the reader can do about it. */
        public Builder mend(String mend) {
            this.mend = mend;
            return this;
        }

        /** The exception underneath, kept for {@code --verbose}. */
        public Builder cause(Throwable cause) {
            this.cause = cause;
            return this;
        }

        /** The finished exception, ready to be thrown. */
        public HourglassException build() {
            StringBuilder message = new StringBuilder();
            if (where != null) {
                message.append(where).append(": ");
            }
            message.append(what);
            appendPart(message, "expected", expected);
            appendPart(message, "found", found);
            appendPart(message, "to mend it", mend);
            return new HourglassException(message.toString(), cause);
        }

        private static void appendPart(StringBuilder message, String label, String part) {
            if (part != null) {
                message.append(System.lineSeparator())
                        .append("  ")
                        .append(label)
                        .append(": ")
                        .append(part);
            }
        }
    }
}
