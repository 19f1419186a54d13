// One SDK client object and the calls made with it.
//
// Each try is seen by a Finalize middleware placed just after the SDK's "Retry" middleware, which runs it once a try; the call it
// belongs to travels in the context.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type workload struct {
	plan        Plan
	operation   string
	request     func(context.Context) error
	transport   *http.Transport
	retryMode   aws.RetryMode
	maxAttempts int
}

type try struct{ call, attempt int64 }

type tryKey struct{}

func main() {
	plan, starts := input()
	work, err := prepare(plan)
	if err != nil {
		fail(err)
	}
	tell("client_ready", now(), work.ready())
	drive(plan, <-starts, work.call)
	os.Exit(0)
}

func prepare(plan Plan) (*workload, error) {
	// Settings come by the environment, where users set them.
	if plan.RetryMode != nil {
		os.Setenv("AWS_RETRY_MODE", *plan.RetryMode)
	}
	if plan.MaxAttempts != nil {
		os.Setenv("AWS_MAX_ATTEMPTS", strconv.Itoa(*plan.MaxAttempts))
	}
	// The SDK reads this file now, but the service writes it as it starts, maybe later. SSL_CERT_FILE names the same file, and Go
	// reads that at the first handshake.
	os.Unsetenv("AWS_CA_BUNDLE")
	work := &workload{plan: plan, transport: transport(plan)}
	client := &http.Client{
		Transport:     work.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // as the SDK's own
	}
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(plan.Region), config.WithHTTPClient(client))
	if err != nil {
		return nil, err
	}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		seen := middleware.FinalizeMiddlewareFunc("ChaoskitAttempts", work.attempt)
		return stack.Finalize.Insert(seen, "Retry", middleware.After)
	})
	if _, err := cfg.Credentials.Retrieve(context.Background()); err != nil { // before the first call, so that it is timed like the others
		return nil, err
	}
	return work, work.choose(cfg)
}

func (work *workload) choose(cfg aws.Config) error {
	switch work.plan.Service {
	case "dynamodb":
		client := dynamodb.NewFromConfig(cfg)
		key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}}
		input := &dynamodb.GetItemInput{TableName: aws.String("chaoskit"), Key: key}
		work.operation = "GetItem"
		work.request = func(ctx context.Context) error { _, err := client.GetItem(ctx, input); return err }
		work.retryMode, work.maxAttempts = client.Options().RetryMode, client.Options().Retryer.MaxAttempts()
	case "sts":
		client := sts.NewFromConfig(cfg)
		work.operation = "GetCallerIdentity"
		work.request = func(ctx context.Context) error {
			_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		}
		work.retryMode, work.maxAttempts = client.Options().RetryMode, client.Options().Retryer.MaxAttempts()
	default:
		return fmt.Errorf("no service %q here", work.plan.Service)
	}
	return nil
}

// transport is the SDK's own default, but for the plan's time-outs.
func transport(plan Plan) *http.Transport {
	client := awshttp.NewBuildableClient()
	if plan.ConnectTimeoutNs != nil {
		client = client.WithDialerOptions(func(dialer *net.Dialer) { dialer.Timeout = time.Duration(*plan.ConnectTimeoutNs) })
	}
	made := client.GetTransport()
	if plan.ConnectTimeoutNs != nil {
		made.TLSHandshakeTimeout = time.Duration(*plan.ConnectTimeoutNs)
	}
	if plan.ReadTimeoutNs != nil {
		made.ResponseHeaderTimeout = time.Duration(*plan.ReadTimeoutNs)
	}
	return made
}

func (work *workload) call(slot slot) {
	name := work.plan.Client
	tell("call_started", now(), event{
		"client": name, "call": slot.number, "operation": work.operation, "due": slot.due, "concurrent": slot.concurrent,
	})
	err := work.request(context.WithValue(context.Background(), tryKey{}, &try{call: slot.number}))
	result := "ok"
	if err != nil {
		result = "failed"
	}
	tell("call_finished", now(), event{"client": name, "call": slot.number, "result": result, "errors": errorChain(err)})
	if work.plan.Connection == "cold" {
		work.transport.CloseIdleConnections() // the client and its retry quota live on
	}
}

func (work *workload) attempt(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	current, is := ctx.Value(tryKey{}).(*try)
	if !is { // a request of the SDK's own, such as for credentials
		return next.HandleFinalize(ctx, in)
	}
	current.attempt++
	var invocation any
	if request, is := in.Request.(*smithyhttp.Request); is && request.Header.Get("Amz-Sdk-Invocation-Id") != "" {
		invocation = request.Header.Get("Amz-Sdk-Invocation-Id")
	}
	began := now()
	tell("attempt_started", began, event{
		"client": work.plan.Client, "call": current.call, "attempt": current.attempt, "invocation": invocation,
	})
	output, metadata, err := next.HandleFinalize(ctx, in)
	ended := now()
	done := event{
		"client": work.plan.Client, "call": current.call, "attempt": current.attempt,
		"latency_ns": ended - began, "result": "ok", "status": nil, "error": nil,
	}
	if response, is := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); is && response.StatusCode != 0 {
		done["status"] = response.StatusCode
	}
	if err != nil {
		done["result"], done["error"] = "failed", short(err)
		var answered *smithyhttp.ResponseError
		if errors.As(err, &answered) && answered.HTTPStatusCode() != 0 {
			done["status"] = answered.HTTPStatusCode()
		}
	}
	tell("attempt_finished", ended, done)
	return output, metadata, err
}

func short(err error) string {
	outer := errorChain(err)[0]
	return outer.Type + ": " + outer.Message
}

func (work *workload) ready() event {
	plan := work.plan
	inMs := func(ns *int64) string {
		if ns == nil {
			return "default"
		}
		return fmt.Sprintf("%d ms", *ns/1e6)
	}
	mode := string(work.retryMode)
	if mode == "" {
		mode = string(aws.RetryModeStandard) // what the SDK takes an unset mode for
	}
	settings := map[string]string{
		"connection": plan.Connection, "service": plan.Service, "operation": work.operation,
		"every":      fmt.Sprintf("%d ms", plan.EveryNs/1e6),
		"retry_mode": mode, "max_attempts": strconv.Itoa(work.maxAttempts),
		"connect_timeout": inMs(plan.ConnectTimeoutNs), "read_timeout": inMs(plan.ReadTimeoutNs),
		"resolver": "Go's own",
	}
	if plan.Connection == "burst" {
		settings["burst_size"] = strconv.Itoa(plan.BurstSize)
		settings["burst_every"] = fmt.Sprintf("%d ms", plan.BurstEveryNs/1e6)
		settings["pool"] = strconv.Itoa(work.transport.MaxIdleConnsPerHost)
	}
	versions := map[string]string{"aws-sdk-go-v2": aws.SDKVersion, "go": runtime.Version()}
	return event{"client": plan.Client, "use": "go", "pid": os.Getpid(), "versions": versions, "settings": settings}
}
