package dev.hourglass.cli;

import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressState;

/** A bar with rate, time left and a message. On a screen it stays on its line; in a file it is a line every few seconds. */
final class Progress implements AutoCloseable {

    private static final int WIDTH = 79;
    private static final int WIDEST_BAR = 30;
    private static final int SCREEN_MILLIS = 250;
    private static final int FILE_MILLIS = 10_000;

    private final Terminal terminal;
    private final String unit;
    private final ProgressBar bar;
    private volatile long before;
    private volatile boolean ends; // the line rendered last
    private boolean finished;
    private String last = "";

    Progress(Terminal terminal, String task, String unit, long total) {
        this.terminal = terminal;
        this.unit = unit;
        bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setUpdateIntervalMillis(terminal.live() ? SCREEN_MILLIS : FILE_MILLIS)
                .setRenderer(this::render)
                // A consumer of our own keeps the library from opening the terminal through native code.
                .setConsumer(new DelegatingProgressBarConsumer(this::show, WIDTH))
                .build();
    }

    /** Says how far the work is. */
    void at(long done) {
        bar.stepTo(done);
    }

    /** Says how far the work is, and something about it. */
    void at(long done, String message) {
        bar.setExtraMessage(message);
        bar.stepTo(done);
    }

    /** Takes the work done before as given, so that the rate is that of the work to come. */
    void startAt(long done) {
        before = done;
        bar.stepTo(done);
    }

    private String render(ProgressState state, int width) {
        double seconds = state.getElapsedAfterStart().toMillis() / 1e3;
        long done = state.getCurrent();
        ends = done >= state.getMax();
        double rate = seconds > 0 ? (done - before) / seconds : 0;
        StringBuilder tail = new StringBuilder(String.format(Locale.ROOT, " %,d/%,d %s", done, state.getMax(), unit));
        if (rate > 0) {
            tail.append(String.format(Locale.ROOT, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate));
            Duration time =
                    Duration.ofSeconds(Math.round(done < state.getMax() ? (state.getMax() - done) / rate : seconds));
            tail.append(", ").append(clock(time)).append(done < state.getMax() ? " left" : " in all");
        }
        String message = state.getExtraMessage();
        tail.append(message.isEmpty() ? "" : ", " + message);
        double share = Math.min(1, state.getNormalizedProgress());
        String head = String.format(Locale.ROOT, "%-14s %3.0f%% ", state.getTaskName(), Math.floor(100 * share));
        int room = Math.clamp(width - head.length() - tail.length() - 2L, 0, WIDEST_BAR);
        int filled = (int) (share * room);
        String line = head + "[" + "=".repeat(filled) + " ".repeat(room - filled) + "]" + tail;
        return line.substring(0, Math.min(width, line.length()));
    }

    /** Minutes and seconds, and hours where there are any. */
    static String clock(Duration time) {
        return time.toHours() > 0
                ? String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart())
                : String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
    }

    private synchronized void show(String line) {
        if (terminal.live()) {
            terminal.err().print("\r" + line + " ".repeat(Math.max(0, last.length() - line.length())));
            terminal.err().flush();
        } else if (!finished) {
            terminal.err().println(line);
        }
        finished = ends; // the library may show the end twice, a moment apart
        last = line;
    }

    @Override
    public void close() {
        bar.close();
        if (terminal.live()) {
            terminal.err().println();
        }
    }
}
