package dev.hourglass.bench.nd4j;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Convolutions and linear layers in ND4J, as a child process of the benchmarks: {@code ChildProcess} has the protocol. It has a process of
 * its own because it needs an older JavaCPP than PyTorch.
 */
public final class Nd4jPeer {

    private final DataInputStream requests = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    private final OutputStream answers;
    private final Map<String, DynamicCustomOp> works = new HashMap<>();
    private final Map<String, INDArray> tensors = new HashMap<>();

    private Nd4jPeer(OutputStream answers) {
        this.answers = answers;
    }

    /** Serves requests until the input ends. */
    public static void main(String[] arguments) throws IOException {
        OutputStream answers = new BufferedOutputStream(System.out);
        System.setOut(System.err);
        new Nd4jPeer(answers).serve();
    }

    private void serve() throws IOException {
        answer("hello org.nd4j:nd4j-native 1.0.0-M2.1, "
                + Nd4j.getBackend().getClass().getSimpleName() + ", oneDNN");
        for (String line = line(); line != null; line = line()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "tensor" -> tensors.put(words[1], read(words[2]));
                case "open" -> {
                    works.put(words[1], open(words));
                    tensors.clear();
                    answer("ok");
                }
                case "run" -> answer("ms " + millis(works.get(words[1]), Integer.parseInt(words[2])));
                case "result" -> send(works.get(words[1]).getOutputArgument(0).dup('c'));
                case "close" -> {
                    DynamicCustomOp done = works.remove(words[1]);
                    done.inputArguments().forEach(INDArray::close);
                    done.outputArguments().forEach(INDArray::close);
                    answer("ok");
                }
                default -> throw new IOException("not understood: " + line);
            }
        }
    }

    /** {@code open WORK THREADS conv KERNEL STRIDE PADDING OUT-SHAPE} or {@code open WORK THREADS linear OUT-SHAPE}. */
    private DynamicCustomOp open(String[] words) {
        Nd4j.getEnvironment().setMaxThreads(Integer.parseInt(words[2]));
        Nd4j.getEnvironment().setMaxMasterThreads(Integer.parseInt(words[2]));
        INDArray output = Nd4j.create(DataType.FLOAT, shape(words[words.length - 1]));
        DynamicCustomOp.DynamicCustomOpsBuilder builder =
                DynamicCustomOp.builder(words[3].equals("conv") ? "conv2d" : "xw_plus_b");
        INDArray weight = tensors.get("weight");
        builder.addInputs(
                        tensors.get("x"),
                        words[3].equals("conv") ? weight : weight.transpose().dup('c'),
                        tensors.get("bias"))
                .addOutputs(output);
        if (words[3].equals("conv")) {
            int kernel = Integer.parseInt(words[4]);
            int stride = Integer.parseInt(words[5]);
            int padding = Integer.parseInt(words[6]);
            int nchw = 0;
            int oihw = 1;
            builder.addIntegerArguments(kernel, kernel, stride, stride, padding, padding, 1, 1, 0, nchw, oihw);
        }
        return builder.build();
    }

    private static double millis(DynamicCustomOp work, int runs) {
        long start = System.nanoTime();
        for (int run = 0; run < runs; run++) {
            Nd4j.exec(work);
        }
        return (System.nanoTime() - start) / 1e6;
    }

    private INDArray read(String dims) throws IOException {
        long[] shape = shape(dims);
        byte[] bytes = new byte[Math.toIntExact(Arrays.stream(shape).reduce(Float.BYTES, (a, b) -> a * b))];
        requests.readFully(bytes);
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return Nd4j.create(values, shape, 'c');
    }

    private static long[] shape(String dims) {
        return Arrays.stream(dims.split(",")).mapToLong(Long::parseLong).toArray();
    }

    private void send(INDArray array) throws IOException {
        float[] values = array.data().asFloat();
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        answers.write(("floats " + values.length + "\n").getBytes(StandardCharsets.UTF_8));
        answers.write(bytes.array());
        answers.flush();
    }

    private void answer(String text) throws IOException {
        answers.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        answers.flush();
    }

    /** The next request; {@code null} at the end. */
    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = requests.read(); next != '\n'; next = requests.read()) {
            if (next < 0) {
                return null;
            }
            line.append((char) next);
        }
        return line.toString();
    }
}
