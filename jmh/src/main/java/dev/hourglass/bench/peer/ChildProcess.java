package dev.hourglass.bench.peer;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An engine that cannot live in this process. It does nothing until it is asked, so that it takes its turns like the others, and measures
 * its own times. Requests and answers are lines, floats are raw and little-endian:
 *
 * <pre>
 *                              hello DETAILS                     once, when it is ready
 * tensor NAME 2,3,64,64        (nothing)                         the request is followed by the floats
 * open WORK SETTINGS...        ok                                takes the tensors sent before
 * run WORK TIMES               ms 12.5                           for all of the runs
 * result WORK                  floats 24576                      followed by the floats
 * close WORK                   ok
 * </pre>
 *
 * It ends when its input ends. What it has to say to people goes to its standard error.
 */
public final class ChildProcess implements AutoCloseable {

    private final Process process;
    private final InputStream answers;
    private final OutputStream requests;
    private final String details;
    private int works;

    private ChildProcess(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        process = builder.start();
        answers = new BufferedInputStream(process.getInputStream());
        requests = new BufferedOutputStream(process.getOutputStream(), 1 << 16);
        details = answer("hello");
    }

    /**
     * Starts a child.
     *
     * @param environment what its environment has beside this process's
     * @return nothing when the command does not exist or ends without a greeting
     */
    public static Optional<ChildProcess> start(List<String> command, Map<String, String> environment) {
        try {
            return Optional.of(new ChildProcess(command, environment));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** What it said about itself. */
    public String details() {
        return details;
    }

    /** Sends a tensor for the next work. */
    public void tensor(String name, float[] values, int... shape) {
        StringBuilder dims = new StringBuilder();
        for (int dim : shape) {
            dims.append(dims.isEmpty() ? "" : ",").append(dim);
        }
        try {
            write("tensor " + name + " " + dims);
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            requests.write(bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes a work of the tensors that were sent; the settings are the child's to understand. */
    public Work open(Object... settings) {
        String name = "w" + works++;
        StringBuilder request = new StringBuilder("open ").append(name);
        for (Object setting : settings) {
            request.append(' ').append(setting);
        }
        ask(request.toString(), "ok");
        return new RemoteWork(name);
    }

    private String ask(String request, String expected) {
        try {
            write(request);
            requests.flush();
            return answer(expected);
        } catch (IOException e) {
            throw new UncheckedIOException("a child process gave up at: " + request, e);
        }
    }

    private void write(String request) throws IOException {
        requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Reads an answer; what follows its first word. */
    private String answer(String expected) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = answers.read(); next != '\n'; next = answers.read()) {
            if (next < 0) {
                throw new EOFException("the child process has ended");
            }
            line.append((char) next);
        }
        if (!line.toString().startsWith(expected)) {
            throw new IOException("expected " + expected + ", found " + line);
        }
        return line.substring(expected.length()).strip();
    }

    @Override
    public void close() {
        try {
            requests.close();
            process.waitFor();
        } catch (IOException e) {
            process.destroy();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
        }
    }

    /** A work over there. */
    private final class RemoteWork implements Work {

        private final String name;

        RemoteWork(String name) {
            this.name = name;
        }

        @Override
        public void run() {
            millis(1);
        }

        @Override
        public double millis(int runs) {
            return Double.parseDouble(ask("run " + name + " " + runs, "ms"));
        }

        @Override
        public float[] result() {
            float[] values = new float[Integer.parseInt(ask("result " + name, "floats"))];
            try {
                byte[] bytes = answers.readNBytes(values.length * Float.BYTES);
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(values);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return values;
        }

        @Override
        public void close() {
            ask("close " + name, "ok");
        }
    }
}
