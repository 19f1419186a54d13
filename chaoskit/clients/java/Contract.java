import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/** The client's end of the contract (docs/creating-a-client.md): plan and orders in, events out, and when calls are due. */
final class Contract {
    private static final int PARENT_GONE = 125;
    private static final int MESSAGE_LENGTH_MAX = 400;
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    final Map<String, JsonNode> plan;

    Contract() throws IOException {
        String line = in.readLine();
        if (line == null) halt(PARENT_GONE);
        plan = JsonNode.parser().parse(line).asObject();
    }

    /** The instant: nanoseconds of CLOCK_MONOTONIC, which System.nanoTime is on Linux. */
    static long now() {
        return System.nanoTime();
    }

    /** A text of the plan; null where it has none. */
    String text(String name) {
        JsonNode value = plan.get(name);
        return value == null || value.isNull() ? null : value.text();
    }

    /** A whole number of the plan; null where it has none. */
    Long number(String name) {
        JsonNode value = plan.get(name);
        return value == null || value.isNull() ? null : Long.valueOf(value.asNumber());
    }

    /** Write one event: names and values in turn. */
    static void tell(String kind, long at, Object... fields) {
        StringBuilder line = new StringBuilder("{\"kind\":").append(json(kind)).append(",\"at\":").append(at);
        for (int i = 0; i < fields.length; i += 2) {
            line.append(',').append(json(fields[i])).append(':').append(json(fields[i + 1]));
        }
        byte[] bytes = line.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
        synchronized (OUT) {
            try {
                OUT.write(bytes);
            } catch (IOException gone) {
                halt(PARENT_GONE);
            }
        }
    }

    private static String json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) return String.valueOf(value);
        StringBuilder out = new StringBuilder();
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, entry) -> out.append(out.isEmpty() ? "{" : ",").append(json(key)).append(':').append(json(entry)));
            return out.isEmpty() ? "{}" : out.append('}').toString();
        }
        if (value instanceof List<?> list) {
            list.forEach(entry -> out.append(out.isEmpty() ? "[" : ",").append(json(entry)));
            return out.isEmpty() ? "[]" : out.append(']').toString();
        }
        out.append('"');
        for (char letter : value.toString().toCharArray()) {
            if (letter == '"' || letter == '\\') out.append('\\').append(letter);
            else if (letter < ' ' || Character.isSurrogate(letter)) out.append(String.format("\\u%04x", (int) letter));
            else out.append(letter);
        }
        return out.append('"').toString();
    }

    /** A failure and all that is behind it, outermost first. The JVM keeps no errno. */
    static List<Map<String, Object>> errorChain(Throwable outermost) {
        List<Map<String, Object>> links = new ArrayList<>();
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        ArrayDeque<Throwable> waiting = new ArrayDeque<>(List.of(outermost));
        while (!waiting.isEmpty()) {
            Throwable current = waiting.poll();
            if (!seen.add(current)) continue;
            String message = String.valueOf(current.getMessage());
            message = message.substring(0, Math.min(message.length(), MESSAGE_LENGTH_MAX));
            links.add(Map.of("type", current.getClass().getName(), "message", message));
            if (current.getCause() != null) waiting.add(current.getCause());
        }
        return links;
    }

    static void halt(int code) {
        Runtime.getRuntime().halt(code);
    }

    /** Obey orders until the parent is gone; the result has the instants of the start: origin and end. */
    CompletableFuture<long[]> obey() {
        CompletableFuture<long[]> start = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            try {
                for (String line; (line = in.readLine()) != null; ) {
                    Map<String, JsonNode> order = JsonNode.parser().parse(line).asObject();
                    String what = order.get("do").text();
                    if (what.equals("start")) {
                        start.complete(new long[] {Long.parseLong(order.get("origin").asNumber()), Long.parseLong(order.get("ends").asNumber())});
                    }
                    if (what.equals("stop")) {
                        synchronized (OUT) { // not in the middle of a line
                            halt(0);
                        }
                    }
                }
                halt(PARENT_GONE);
            } catch (Throwable broken) { // a dead reader would never see the parent go
                broken.printStackTrace();
                halt(4);
            }
        }, "parent");
        reader.setDaemon(true);
        reader.start();
        return start;
    }

    record Slot(long number, long due, boolean concurrent) {}

    interface Call {
        void make(Slot slot);
    }

    /** Every call that falls due: chaoskit's lanes, a grid from the origin, skipping what falls due while a lane is busy. */
    void drive(long origin, long ends, Call call) throws InterruptedException {
        AtomicLong numbers = new AtomicLong();
        AtomicLong underWay = new AtomicLong();
        ExecutorService threads = Executors.newCachedThreadPool();
        boolean bursts = "burst".equals(text("connection"));
        CountDownLatch lanes = new CountDownLatch(bursts ? 2 : 1);
        class Lane {
            void run(long every, long first, int size) {
                for (long due = dueAfter(now(), every, first); due < ends; due = dueAfter(Math.max(now(), due + 1), every, first)) {
                    for (long left; (left = due - now()) > 0; ) LockSupport.parkNanos(left);
                    CountDownLatch made = new CountDownLatch(size);
                    final long wanted = due;
                    for (int i = 0; i < size; i++) {
                        threads.execute(() -> {
                            boolean beside = underWay.incrementAndGet() > 1;
                            call.make(new Slot(numbers.incrementAndGet(), wanted, size > 1 || beside));
                            underWay.decrementAndGet();
                            made.countDown();
                        });
                    }
                    try {
                        made.await();
                    } catch (InterruptedException never) {
                        halt(4);
                    }
                }
                lanes.countDown();
            }

            long dueAfter(long instant, long every, long first) {
                long since = instant - origin - first;
                return origin + first + (since <= 0 ? 0 : (since + every - 1) / every * every);
            }
        }
        threads.execute(() -> new Lane().run(number("every_ns"), 0, 1));
        if (bursts) {
            long every = number("burst_every_ns");
            threads.execute(() -> new Lane().run(every, every / 2, number("burst_size").intValue()));
        }
        lanes.await();
    }
}
