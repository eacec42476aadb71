package dev.hourglass.io;

import static dev.hourglass.io.RawSafetensors.entry;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class SafetensorsDamageTest {

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("damaged.safetensors");
    }

    @Test
    void aMissingFileAndAFolder() {
        Problem.expect(() -> Safetensors.open(file), file, "no such file", "current folder");
        Problem.expect(() -> Safetensors.open(folder), folder, "not a file", "a folder");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void shorterThanTheHeaderLength(int bytes) throws IOException {
        Files.write(file, new byte[bytes]);
        expect("ends too early", "at least 8 bytes", "found: " + bytes + " bytes");
    }

    @ParameterizedTest
    @CsvSource({"100000001,100000001", "-1,18446744073709551615", "-9223372036854775808,9223372036854775808"})
    void anAbsurdHeaderLength(long claimed, String shown) throws IOException {
        RawSafetensors.write(file, claimed, new byte[2], new byte[0]);
        expect("not a safetensors file", "header of at most 100000000", "length of " + shown);
    }

    @Test
    void aHeaderLongerThanTheFile() throws IOException {
        RawSafetensors.write(file, 3, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]);
        expect("ends too early", "a header of 3 bytes", "10 bytes in all");
    }

    @Test
    void aHeaderThatIsNotUtf8() throws IOException {
        // An overlong '/' and a lone continuation byte: both slip through lenient decoders.
        RawSafetensors.write(file, new byte[] {'{', '"', (byte) 0xc0, (byte) 0xaf, '"', '}'}, new byte[0]);
        expect("header", "not UTF-8");
        RawSafetensors.write(file, new byte[] {'{', '"', (byte) 0x80, '"', '}'}, new byte[0]);
        expect("header", "not UTF-8");
        RawSafetensors.write(file, "{}".getBytes(StandardCharsets.UTF_16LE), new byte[0]);
        expect("header", "not valid JSON");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{\"a\"}", "{]", "{\"a\":nope}", "{\"a\":{\"dtype\":\"F32\"", "{}x", "{} {}", "{}\0"})
    void aHeaderThatIsNotJson(String header) throws IOException {
        RawSafetensors.write(file, header, 0);
        expect("header");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "1", "null", "\"x\""})
    void aHeaderThatIsNoObject(String header) throws IOException {
        RawSafetensors.write(file, header, 0);
        expect("malformed", "expected: a JSON object");
    }

    @Test
    void aNameTwice() throws IOException {
        damaged(4, entry("weight", "F32", "[1]", 0, 4), entry("weight", "F32", "[1]", 0, 4));
        expect("header", "every name once", "weight");
        damaged(0, "\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}");
        expect("header", "every name once", "\"a\"");
    }

    @Test
    void metadataThatIsNotStrings() throws IOException {
        damaged(0, "\"__metadata__\":{\"step\":1}");
        expect("__metadata__.\"step\"", "a string", "VALUE_NUMBER_INT");
        damaged(0, "\"__metadata__\":[]");
        expect("__metadata__", "an object of strings");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1                                          | {dtype, shape, data_offsets}",
                "{}                                         | no dtype",
                "{\"dtype\":\"F32\",\"data_offsets\":[0,4]} | no shape",
                "{\"dtype\":\"F32\",\"shape\":[1]}          | no data_offsets",
                "{\"dtype\":1}                              | dtype: ",
                "{\"shape\":1}                              | shape: ",
                "{\"shape\":[1.0]}                          | VALUE_NUMBER_FLOAT",
                "{\"shape\":[\"1\"]}                        | VALUE_STRING",
                "{\"shape\":[[1]]}                          | START_ARRAY",
                "{\"shape\":[null]}                         | VALUE_NULL"
            })
    void anEntryThatIsIncompleteOrOfTheWrongKind(String entry, String part) throws IOException {
        damaged(4, "\"weight\":" + entry);
        expect("\"weight\"", part);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F8_E4M3", "f32", "", "float32"})
    void anUnknownType(String type) throws IOException {
        damaged(4, entry("weight", type, "[1]", 0, 4));
        expect("\"weight\": dtype", "unknown element type", "BF16", "found: \"" + type + "\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "9223372036854775808", "1000000000000000000000000"})
    void aNumberOutOfRange(String number) throws IOException {
        damaged(4, entry("weight", "F32", "[" + number + "]", 0, 4));
        expect("\"weight\": shape", "out of range", number);
        damaged(4, "\"weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0," + number + "]}");
        expect("\"weight\": data_offsets", "out of range", number);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[4294967296,4294967296]",
                "[9223372036854775807]",
                "[4611686018427387905]",
                "[0,9223372036854775807,4]"
            })
    void aShapeThatOverflows(String shape) throws IOException {
        damaged(4, entry("weight", "F32", shape, 0, 4));
        expect("\"weight\"", "disagree", shape.replace(",", ", "), "found: 4 bytes");
    }

    @Test
    void claimsTakeNoMemory() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        String[] claims = {"[1099511627776]", "[1048576,1048576]", "[2147483647]", "[1,1,1,1,1,1,1,1,4503599627370496]"
        };
        damaged(4, entry("weight", "F32", claims[0], 0, 4));
        expect("disagree");
        for (String claim : claims) {
            damaged(4, entry("weight", "F32", claim, 0, 4));
            long before = threads.getCurrentThreadAllocatedBytes();
            expect("\"weight\"", "disagree");
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(bytes < 1 << 20, claim + " took " + bytes + " bytes");
        }
    }

    @Test
    void tooManyAxes() throws IOException {
        int[] ones = new int[33];
        Arrays.fill(ones, 1);
        damaged(4, entry("weight", "F32", Arrays.toString(ones), 0, 4));
        expect("\"weight\": shape", "at most 32");
    }

    @Test
    void offsetsOutsideTheFile() throws IOException {
        damaged(4, entry("weight", "F32", "[2]", 0, 8));
        expect("\"weight\"", "outside the file", "<= 4", "[0, 8]");
        damaged(4, entry("weight", "F32", "[1]", 4, 0));
        expect("\"weight\"", "outside the file", "[4, 0]");
        damaged(4, entry("weight", "F32", "[1]", Long.MAX_VALUE - 3, Long.MAX_VALUE));
        expect("\"weight\"", "outside the file");
    }

    @Test
    void aWrongNumberOfOffsets() throws IOException {
        damaged(4, "\"weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}");
        expect("\"weight\": data_offsets", "two numbers", "[0]");
        damaged(4, "\"weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,2,4]}");
        expect("\"weight\": data_offsets", "two numbers", "[0, 2, 4]");
    }

    @Test
    void aSizeThatIsNotItsShape() throws IOException {
        damaged(8, entry("weight", "F32", "[3]", 0, 8));
        expect("\"weight\"", "disagree", "12 bytes for F32 [3]", "8 bytes at [0, 8]");
        damaged(8, entry("weight", "F32", "[]", 0, 8));
        expect("\"weight\"", "disagree", "4 bytes for F32 []");
    }

    @Test
    void tensorsThatOverlapOrLeaveAHole() throws IOException {
        damaged(12, entry("a", "F32", "[2]", 0, 8), entry("b", "F32", "[2]", 4, 12));
        expect("\"b\"", "overlap", "begin at 8", "begin 4");
        damaged(12, entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 8, 12));
        expect("\"b\"", "belong to no tensor", "begin at 4", "begin 8");
        damaged(12, entry("a", "F32", "[2]", 4, 12));
        expect("\"a\"", "belong to no tensor", "begin at 0");
    }

    @Test
    void moreOrFewerBytesThanTheTensorsHave() throws IOException {
        damaged(5, entry("a", "F32", "[1]", 0, 4));
        expect("longer than its tensors", "expected: 4 bytes", "found: 5");
        damaged(3, entry("a", "F32", "[1]", 0, 4));
        expect("\"a\"", "outside the file", "<= 3");
    }

    @Test
    void aNameCannotSteerTheTerminal() throws IOException {
        damaged(0, "\"\\u001b[2J" + "x".repeat(1000) + "\":1");
        Problem.expect(() -> Safetensors.open(file), "\"\\u001b[2J", "x...\"");
    }

    @Test
    void deepNestingIsRefusedQuickly() {
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            damaged(0, "\"a\":{\"other\":" + "[".repeat(5_000_000));
            expect("header", "nesting depth");
        });
    }

    private void damaged(int dataBytes, String... entries) throws IOException {
        RawSafetensors.write(file, "{" + String.join(",", entries) + "}", dataBytes);
    }

    private void expect(Object... parts) {
        Problem.expect(() -> Safetensors.open(file), file);
        Problem.expect(() -> Safetensors.open(file), parts);
    }
}
