// One SDK client object and the calls made with it.
//
// Each try is seen by a middleware placed just after the SDK's retry middleware, which runs it once a try; the number of the try and
// the invocation id are read from the request's own headers. The call it belongs to follows the asynchronous context.
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import https from "node:https";
import tls from "node:tls";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { errorChain, now, serve, tell } from "./contract.mjs";

const SERVICES = {
  dynamodb: ["@aws-sdk/client-dynamodb", "DynamoDBClient", "GetItemCommand", { TableName: "chaoskit", Key: { id: { S: "1" } } }],
  sts: ["@aws-sdk/client-sts", "STSClient", "GetCallerIdentityCommand", {}],
};

const SOCKETS_MAX = 50; // the SDK's own default

await serve(async (plan) => {
  // Settings come by the environment, where users set them.
  if (plan.retry_mode) process.env.AWS_RETRY_MODE = plan.retry_mode;
  if (plan.max_attempts) process.env.AWS_MAX_ATTEMPTS = String(plan.max_attempts);
  const [packageName, clientName, commandName, input] = SERVICES[plan.service];
  const sdk = await import(packageName);
  const agent = new https.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  const limits = { httpsAgent: agent };
  if (plan.connect_timeout_ns) limits.connectionTimeout = plan.connect_timeout_ns / 1e6;
  if (plan.read_timeout_ns) limits.socketTimeout = plan.read_timeout_ns / 1e6;
  const client = new sdk[clientName]({ region: plan.region, requestHandler: new NodeHttpHandler(limits) });
  const Command = sdk[commandName];
  const operation = commandName.replace(/Command$/, "");
  const here = new AsyncLocalStorage();
  client.middlewareStack.addRelativeTo((next) => (args) => attempt(plan.client, here.getStore(), next, args), {
    relation: "after",
    toMiddleware: "retryMiddleware",
    name: "chaoskitAttempts",
  });

  async function call({ number, due, concurrent }) {
    tell("call_started", now(), { client: plan.client, call: number, operation, due, concurrent });
    let errors = [];
    try {
      await here.run({ call: number, attempt: 0 }, () => client.send(new Command(input)));
    } catch (error) {
      errors = errorChain(error); // whatever the SDK throws is what the application sees
    }
    tell("call_finished", now(), { client: plan.client, call: number, result: errors.length ? "failed" : "ok", errors });
    if (plan.connection === "cold") agent.destroy(); // empties the pool; the client and its retry quota live on
  }

  // Node reads NODE_EXTRA_CA_CERTS as it starts, and the service writes that file as it starts itself: maybe later.
  function begin() {
    const extra = process.env.NODE_EXTRA_CA_CERTS;
    if (extra) agent.options.secureContext = tls.createSecureContext({ ca: readFileSync(extra, "utf8") }); // once, as it is dear
  }

  return { ready: await describe(plan, client, operation, packageName), begin, call };
});

async function attempt(name, context, next, args) {
  const headers = args.request.headers;
  const ids = { client: name, call: context.call, attempt: ++context.attempt };
  const began = now();
  tell("attempt_started", began, { ...ids, invocation: headers["amz-sdk-invocation-id"] ?? null });
  const finished = (result, status, error) => {
    const at = now();
    tell("attempt_finished", at, { ...ids, result, latency_ns: at - began, status, error });
  };
  try {
    const answer = await next(args);
    finished("ok", answer.output.$metadata?.httpStatusCode ?? answer.response?.statusCode ?? null, null);
    return answer;
  } catch (error) {
    const [outer] = errorChain(error);
    finished("failed", error.$metadata?.httpStatusCode ?? null, outer ? `${outer.type}: ${outer.message}` : String(error));
    throw error;
  }
}

/** What is tested: versions, and settings as the SDK resolved them. */
async function describe(plan, client, operation, packageName) {
  const { config } = client;
  const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
  const inMs = (ns) => (ns ? `${ns / 1e6} ms` : "default");
  const settings = {
    connection: plan.connection,
    service: plan.service,
    operation,
    every: `${plan.every_ns / 1e6} ms`,
    retry_mode: String(await config.retryMode?.()),
    max_attempts: String(await config.maxAttempts()),
    connect_timeout: inMs(plan.connect_timeout_ns),
    read_timeout: inMs(plan.read_timeout_ns),
  };
  if (plan.connection === "burst") {
    Object.assign(settings, { burst_size: String(plan.burst_size), burst_every: `${plan.burst_every_ns / 1e6} ms`, pool: String(SOCKETS_MAX) });
  }
  await client.config.credentials(); // resolved before the first call, so that it is timed like the others
  return {
    versions: { [packageName]: version(packageName), "@smithy/core": version("@smithy/core"), node: process.versions.node },
    settings,
  };
}
