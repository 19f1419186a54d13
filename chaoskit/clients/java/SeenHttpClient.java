import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;

/**
 * The SDK's default HTTP client, with each request told as a try: the SDK asks its HTTP client once a try, on the thread of the call. (An
 * ExecutionInterceptor would not see a try that ends without a response.)
 */
final class SeenHttpClient implements SdkHttpClient {
    /** The call that this thread makes. */
    static final class Current {
        final long call;
        long attempt;

        Current(long call) {
            this.call = call;
        }
    }

    final ThreadLocal<Current> here = new ThreadLocal<>();
    private final Contract contract;
    private SdkHttpClient real;
    volatile boolean rehearsing;

    SeenHttpClient(Contract contract) {
        this.contract = contract;
        this.real = make();
    }

    private SdkHttpClient make() {
        Apache5HttpClient.Builder builder = Apache5HttpClient.builder().tlsTrustManagersProvider(() -> new TrustManager[] {new LateTrust()});
        Long connect = contract.number("connect_timeout_ns");
        Long read = contract.number("read_timeout_ns");
        if (connect != null) builder.connectionTimeout(Duration.ofNanos(connect));
        if (read != null) builder.socketTimeout(Duration.ofNanos(read));
        return builder.build();
    }

    /** Drop all connections; the SDK client and its retry quota live on. Not while a call is under way. */
    void drop() {
        real.close();
        real = make();
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        if (rehearsing) return rehearsed();
        ExecutableHttpRequest prepared = real.prepareRequest(request);
        return new ExecutableHttpRequest() {
            @Override
            public HttpExecuteResponse call() throws IOException {
                Current current = here.get();
                long attempt = ++current.attempt;
                String invocation = request.httpRequest().firstMatchingHeader("amz-sdk-invocation-id").orElse(null);
                long began = Contract.now();
                Contract.tell("attempt_started", began, "client", contract.text("client"), "call", current.call, "attempt", attempt, "invocation", invocation);
                try {
                    HttpExecuteResponse response = prepared.call();
                    int status = response.httpResponse().statusCode();
                    finished(current.call, attempt, began, status < 400 ? "ok" : "failed", status, status < 400 ? null : "HTTP " + status);
                    return response;
                } catch (IOException | RuntimeException error) {
                    finished(current.call, attempt, began, "failed", null, error.getClass().getName() + ": " + error.getMessage());
                    throw error;
                }
            }

            @Override
            public void abort() {
                prepared.abort();
            }
        };
    }

    private void finished(long call, long attempt, long began, String result, Integer status, String error) {
        long at = Contract.now();
        Contract.tell("attempt_finished", at, "client", contract.text("client"), "call", call, "attempt", attempt,
                "result", result, "latency_ns", at - began, "status", status, "error", error);
    }

    /** An answer without any connection: it loads the SDK's classes before the run, so that the first call is timed like the others. */
    private static ExecutableHttpRequest rehearsed() {
        return new ExecutableHttpRequest() {
            @Override
            public HttpExecuteResponse call() {
                return HttpExecuteResponse.builder()
                        .response(SdkHttpFullResponse.builder().statusCode(200).build())
                        .responseBody(AbortableInputStream.create(new ByteArrayInputStream("{}".getBytes())))
                        .build();
            }

            @Override
            public void abort() {}
        };
    }

    @Override
    public void close() {
        real.close();
    }

    @Override
    public String clientName() {
        return real.clientName();
    }

    /** Trust in the CA of AWS_CA_BUNDLE, which the JVM does not know; read late, as the service writes it while it starts. */
    private static final class LateTrust implements X509TrustManager {
        private X509TrustManager real;

        private synchronized X509TrustManager real() throws CertificateException {
            if (real == null) {
                try (FileInputStream file = new FileInputStream(System.getenv("AWS_CA_BUNDLE"))) {
                    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
                    store.load(null, null);
                    int number = 0;
                    for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(file)) store.setCertificateEntry("ca" + number++, one);
                    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                    factory.init(store);
                    real = (X509TrustManager) List.of(factory.getTrustManagers()).get(0);
                } catch (Exception broken) {
                    throw new CertificateException(broken);
                }
            }
            return real;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            real().checkClientTrusted(chain, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            real().checkServerTrusted(chain, type);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
