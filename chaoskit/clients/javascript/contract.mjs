// The client's end of the contract (docs/creating-a-client.md): plan and orders in, events out, and when calls are due.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

const MESSAGE_LENGTH_MAX = 400;

/** The instant: nanoseconds of CLOCK_MONOTONIC, a BigInt, because a number holds no more than 104 days of them. */
export const now = () => process.hrtime.bigint();

/** Write one event: a flat object, of which BigInts become JSON numbers. */
export function tell(kind, at, fields) {
  const written = ([name, value]) => `${JSON.stringify(name)}:${typeof value === "bigint" ? value : JSON.stringify(value)}`;
  const line = Buffer.from(`{${Object.entries({ kind, at, ...fields }).map(written).join(",")}}\n`);
  for (let sent = 0; sent < line.length; ) {
    try {
      sent += writeSync(1, line, sent);
    } catch (error) {
      if (error.code === "EPIPE") process.exit(125);
      if (error.code !== "EAGAIN") throw error; // a full pipe: its reader is slow
    }
  }
}

/** An error and all that is behind it, outermost first. Node keeps the system's code, like ENOTFOUND, in `code`. */
export function errorChain(error) {
  const links = [];
  const seen = new Set();
  const waiting = [error];
  while (waiting.length) {
    const current = waiting.shift();
    if (!(current instanceof Error) || seen.has(current)) continue;
    seen.add(current);
    const code = typeof current.code === "string" && !String(current.message).includes(current.code) ? `${current.code}: ` : "";
    // libuv gives its own negative numbers to the resolver's failures (UV_EAI_*, -3001 and below); those are no errno.
    const errno = Number.isInteger(current.errno) && current.errno > -3000 ? Math.abs(current.errno) : null;
    links.push({ type: current.name, message: `${code}${current.message}`.slice(0, MESSAGE_LENGTH_MAX), errno });
    waiting.push(current.cause, ...(current.errors ?? []));
  }
  return links;
}

/** Read the plan, call `prepare(plan)` for {ready, begin, call}, begin, and make every call that falls due. Ends the process. */
export async function serve(prepare) {
  const lines = createInterface({ input: process.stdin });
  let start;
  const started = new Promise((resolve) => (start = resolve));
  let given;
  const planned = new Promise((resolve) => (given = resolve));
  let plan;
  lines.on("line", (line) => {
    if (plan === undefined) return given((plan = JSON.parse(line)));
    const order = JSON.parse(line.replace(/:\s*(\d+)/g, ':"$1"')); // instants as text: a number may be too short for them
    if (order.do === "start") start(order);
    if (order.do === "stop") process.exit(0);
  });
  lines.on("close", () => process.exit(125));
  await planned;
  const { ready, begin, call } = await prepare(plan);
  tell("client_ready", now(), { client: plan.client, use: "javascript", pid: process.pid, ...ready });
  const { origin, ends } = await started;
  begin();
  await drive(plan, BigInt(origin), BigInt(ends), call);
  process.exit(0);
}

/** chaoskit's lanes: calls on a grid from the origin; what falls due while a lane is busy is skipped. */
async function drive(plan, origin, ends, call) {
  let number = 0;
  let underWay = 0;
  async function make(due, concurrent) {
    underWay += 1;
    await call({ number: ++number, due, concurrent: concurrent || underWay > 1 });
    underWay -= 1;
  }
  async function lane(every, first, size) {
    const dueAfter = (instant) => {
      const since = instant - origin - first;
      return origin + first + (since <= 0n ? 0n : (since + every - 1n) / every) * every;
    };
    for (let due = dueAfter(now()); due < ends; ) {
      await until(due);
      await Promise.all(Array.from({ length: size }, () => make(due, size > 1)));
      const after = now();
      due = dueAfter(after > due ? after : due + 1n);
    }
  }
  const lanes = [lane(BigInt(plan.every_ns), 0n, 1)];
  const every = BigInt(plan.burst_every_ns);
  if (plan.connection === "burst") lanes.push(lane(every, every / 2n, plan.burst_size));
  await Promise.all(lanes);
}

async function until(instant) {
  for (let left; (left = instant - now()) > 0n; ) {
    await new Promise((resolve) => setTimeout(resolve, Number(left / 1_000_000n) + 1));
  }
}
