// The application in JavaScript: one SDK client, a call a period, and a health endpoint that its error handling decides about.
//
//     node app.mjs BUILD        BUILD: the folder of the client javascript, whose SDK it runs on
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import tls from "node:tls";

const POLL_EVERY_MS = 100;
const POLL_TIMEOUT_MS = 1000;
const DEFAULT_COUNTS = ["ServiceException"];

const build = process.argv[2];
const require = createRequire(join(build, "package.json"));
const { errorChain, now, serve, tell } = await import(pathToFileURL(join(build, "contract.mjs")));

await serve(async (plan) => {
  if (plan.retry_mode) process.env.AWS_RETRY_MODE = plan.retry_mode;
  if (plan.max_attempts) process.env.AWS_MAX_ATTEMPTS = String(plan.max_attempts);
  const { DynamoDBClient, GetItemCommand } = require("@aws-sdk/client-dynamodb");
  const { NodeHttpHandler } = require("@smithy/node-http-handler");
  const agent = new https.Agent({ keepAlive: true, maxSockets: 50 });
  const limits = { httpsAgent: agent };
  if (plan.connect_timeout_ns) limits.connectionTimeout = plan.connect_timeout_ns / 1e6;
  if (plan.read_timeout_ns) limits.socketTimeout = plan.read_timeout_ns / 1e6;
  const client = new DynamoDBClient({ region: plan.region, requestHandler: new NodeHttpHandler(limits) });
  const counts = plan.health_counts ?? DEFAULT_COUNTS;

  let healthy = true;
  const server = http.createServer((_, response) => response.writeHead(healthy ? 200 : 503).end());
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  async function call({ number, due, concurrent }) {
    tell("call_started", now(), { client: plan.client, call: number, operation: "GetItem", due, concurrent });
    let errors = [];
    try {
      await client.send(new GetItemCommand({ TableName: "chaoskit", Key: { id: { S: "1" } } }));
      healthy = true;
    } catch (error) {
      errors = errorChain(error);
      if (lineage(error).some((name) => counts.includes(name))) healthy = false;
    }
    tell("call_finished", now(), { client: plan.client, call: number, result: errors.length ? "failed" : "ok", errors });
    if (plan.connection === "cold") agent.destroy(); // empties the pool; the client and its retry quota live on
  }

  // Node reads NODE_EXTRA_CA_CERTS as it starts, and the service writes that file as it starts itself: maybe later.
  function begin() {
    const extra = process.env.NODE_EXTRA_CA_CERTS;
    if (extra) agent.options.ca = [...tls.rootCertificates, readFileSync(extra, "utf8")];
    setInterval(() => poll(plan.client, server.address().port), POLL_EVERY_MS);
  }

  await client.config.credentials(); // resolved before the first call, so that it is timed like the others
  const version = (name) => JSON.parse(readFileSync(join(build, "node_modules", name, "package.json"))).version;
  const settings = {
    language: "javascript",
    health_counts: counts.join(", "),
    connection: plan.connection,
    service: "dynamodb",
    operation: "GetItem",
    every: `${plan.every_ns / 1e6} ms`,
    retry_mode: String(await client.config.retryMode?.()),
    max_attempts: String(await client.config.maxAttempts()),
  };
  const versions = {
    "@aws-sdk/client-dynamodb": version("@aws-sdk/client-dynamodb"),
    "@smithy/core": version("@smithy/core"),
    node: process.versions.node,
  };
  return { ready: { use: "app", versions, settings }, begin, call };
});

/** The names of an error's class and of those that it derives from. */
function lineage(error) {
  const names = [];
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) names.push(at.constructor.name);
  return names;
}

function poll(client, port) {
  const began = now();
  const told = (status) => {
    const at = now();
    tell("health_checked", at, { client, status, latency_ns: at - began });
  };
  const request = http.get({ host: "127.0.0.1", port, path: "/health", agent: false, timeout: POLL_TIMEOUT_MS }, (response) => {
    response.resume();
    told(response.statusCode);
  });
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.on("error", () => told(null));
}
