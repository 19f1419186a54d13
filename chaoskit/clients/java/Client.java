import java.security.Security;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.SdkServiceClientConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.sts.StsClient;

/** One SDK client object and the calls made with it. */
public final class Client {
    private static final String ADVISED_TTL_S = "5"; // AWS SDK for Java 2.x developer guide, "Set the JVM TTL for DNS name lookups"
    private static final String JDK_TTL_S = "30"; // sun.net.InetAddressCachePolicy, where no security manager is set
    private static final String JDK_NEGATIVE_TTL_S = "10";

    private final Contract contract;
    private final SeenHttpClient http;
    private final String operation;
    private final Runnable request;
    private final SdkServiceClientConfiguration configuration;

    public static void main(String[] arguments) {
        try {
            Contract contract = new Contract();
            CompletableFuture<long[]> start = contract.obey();
            Client client = new Client(contract);
            client.rehearse();
            client.ready();
            long[] instants = start.get();
            contract.drive(instants[0], instants[1], client::call);
            Contract.halt(0);
        } catch (Throwable broken) {
            broken.printStackTrace();
            Contract.halt(4);
        }
    }

    private Client(Contract contract) {
        this.contract = contract;
        if ("advised".equals(contract.text("dns_cache"))) Security.setProperty("networkaddress.cache.ttl", ADVISED_TTL_S);
        if (contract.text("retry_mode") != null) System.setProperty("aws.retryMode", contract.text("retry_mode"));
        http = new SeenHttpClient(contract);
        if ("sts".equals(contract.text("service"))) {
            StsClient sdk = set(StsClient.builder()).build();
            operation = "GetCallerIdentity";
            request = sdk::getCallerIdentity;
            configuration = sdk.serviceClientConfiguration();
        } else {
            DynamoDbClient sdk = set(DynamoDbClient.builder()).build();
            GetItemRequest item = GetItemRequest.builder().tableName("chaoskit").key(Map.of("id", AttributeValue.fromS("1"))).build();
            operation = "GetItem";
            request = () -> sdk.getItem(item);
            configuration = sdk.serviceClientConfiguration();
        }
    }

    private <B extends AwsClientBuilder<B, ?> & AwsSyncClientBuilder<B, ?>> B set(B builder) {
        builder.region(Region.of(contract.text("region"))).httpClient(http);
        Long most = contract.number("max_attempts");
        // Not by aws.maxAttempts: the DynamoDB client leaves AWS_MAX_ATTEMPTS and it aside (seen with 2.56.0: 9 tries all the same).
        if (most != null) builder.overrideConfiguration(settings -> settings.retryStrategy(strategy -> strategy.maxAttempts(most.intValue())));
        return builder;
    }

    /** A call that no connection is made for; its answer may not please the SDK, and that is no matter. */
    private void rehearse() {
        http.rehearsing = true;
        try {
            request.run();
        } catch (SdkException unimportant) {
            if (contract.number("max_attempts") == null && unimportant.numAttempts() > 1) throw unimportant; // it drained the quota
        } finally {
            http.rehearsing = false;
        }
    }

    private void ready() {
        RetryStrategy strategy = configuration.overrideConfiguration().retryStrategy().orElse(null);
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("connection", contract.text("connection"));
        settings.put("service", contract.text("service"));
        settings.put("operation", operation);
        settings.put("every", contract.number("every_ns") / 1_000_000 + " ms");
        settings.put("retry_mode", RetryMode.defaultRetryMode().toString().toLowerCase());
        settings.put("max_attempts", strategy == null ? "default" : String.valueOf(strategy.maxAttempts()));
        settings.put("connect_timeout", inMs("connect_timeout_ns"));
        settings.put("read_timeout", inMs("read_timeout_ns"));
        settings.put("dns_cache", seconds("networkaddress.cache.ttl", JDK_TTL_S) + " s, failures " + seconds("networkaddress.cache.negative.ttl", JDK_NEGATIVE_TTL_S) + " s");
        if ("burst".equals(contract.text("connection"))) {
            settings.put("burst_size", contract.number("burst_size").toString());
            settings.put("burst_every", contract.number("burst_every_ns") / 1_000_000 + " ms");
        }
        Map<String, Object> versions = new LinkedHashMap<>();
        versions.put("aws-sdk-java", VersionInfo.SDK_VERSION);
        versions.put("java", System.getProperty("java.version"));
        versions.put("http", http.clientName());
        Contract.tell("client_ready", Contract.now(), "client", contract.text("client"), "use", "java",
                "pid", ProcessHandle.current().pid(), "versions", versions, "settings", settings);
    }

    private String inMs(String name) {
        return contract.number(name) == null ? "default" : contract.number(name) / 1_000_000 + " ms";
    }

    private static String seconds(String property, String otherwise) {
        String said = Security.getProperty(property);
        return said == null || said.isBlank() ? otherwise : said;
    }

    private void call(Contract.Slot slot) {
        String name = contract.text("client");
        Contract.tell("call_started", Contract.now(), "client", name, "call", slot.number(), "operation", operation,
                "due", slot.due(), "concurrent", slot.concurrent());
        SdkException error = null;
        http.here.set(new SeenHttpClient.Current(slot.number()));
        try {
            request.run();
        } catch (SdkException caught) { // what the SDK throws is what the application sees
            error = caught;
        } catch (Throwable broken) { // anything else is a fault of this client
            broken.printStackTrace();
            Contract.halt(4);
        }
        Contract.tell("call_finished", Contract.now(), "client", name, "call", slot.number(),
                "result", error == null ? "ok" : "failed", "errors", error == null ? java.util.List.of() : Contract.errorChain(error));
        if ("cold".equals(contract.text("connection"))) http.drop();
    }
}
