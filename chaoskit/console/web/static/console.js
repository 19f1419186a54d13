"use strict";
const $ = (id) => document.getElementById(id);
const csrf = document.querySelector("meta[name=csrf]").content;
// The token may come in the fragment, which a browser sends nowhere. It is kept for this page alone.
let token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
if (token) history.replaceState(null, "", location.pathname);
let forms = [];
let formsWanted = true;

/** An element with text or children; nothing is ever read as markup. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

const seconds = (value) => {
  if (value === null || value === undefined) return "unknown";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 100 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
};
const share = (value) => (value === null ? "unknown" : `${value > 0.999 && value < 1 ? ">99.9" : (value * 100).toFixed(value === 1 || value === 0 ? 0 : 1)} %`);

function headers(more = {}) {
  return { "X-Chaoskit-Console": csrf, ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more };
}

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: headers(method === "GET" ? {} : { "Content-Type": "application/json" }),
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const read = await answer.json().catch(() => ({ error: `status ${answer.status}` }));
  if (!answer.ok) throw new Error(read.error || `status ${answer.status}`);
  return read;
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

async function act(method, path, body) {
  try {
    const answer = await ask(method, path, body);
    notice("");
    return answer;
  } catch (error) {
    notice(`Refused: ${error.message}`);
    return null;
  }
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function emptyState(text) {
  return element("p", { class: "empty-state" }, text);
}

// Faults are updated in place: a button must not vanish under a finger, or lose the focus.
const faultNodes = new Map();
function faultNode(fault) {
  const left = element("span", { class: "left" });
  const what = element("span", { class: "what" });
  const more = element("span", { class: "more" });
  const node = element("div", { class: "fault" }, what, left, more);
  if (fault.can_change) {
    const length = element("input", { value: "30s", "aria-label": `new time left of ${fault.id}`, pattern: "^(\\d+(\\.\\d+)?\\s*(ns|us|ms|s|min|m|h)\\s*)+$" });
    const path = `/injections/${encodeURIComponent(fault.id)}`;
    node.append(
      element("span", { class: "acts" }, "Let it last", length, "from now",
        element("button", { type: "button", class: "extend", onclick: () => act("PATCH", path, { for: length.value }) }, "Extend"),
        element("button", { type: "button", class: "withdraw", onclick: () => act("DELETE", path) }, "Withdraw")),
    );
  }
  return { node, what, left, more };
}

function drawFaults(faults, hint) {
  const list = $("fault-list");
  const present = new Set(faults.map((fault) => fault.key));
  for (const [key, entry] of faultNodes) {
    if (!present.has(key)) {
      entry.node.remove();
      faultNodes.delete(key);
    }
  }
  list.querySelector(".empty-state")?.remove();
  if (!faults.length) list.append(emptyState(hint));
  faults.forEach((fault, place) => {
    if (!faultNodes.has(fault.key)) faultNodes.set(fault.key, faultNode(fault));
    const entry = faultNodes.get(fault.key);
    entry.node.className = `fault ${fault.state}`;
    say(entry.what, `${fault.fault} on ${fault.where}`);
    say(entry.left, fault.state === "on" ? `${seconds(fault.left_s)} left` : fault.state === "planned" ? `in ${seconds(fault.left_s)}` : "over");
    say(entry.more, `${fault.id}: ${fault.more}`);
    if (list.children[place] !== entry.node) list.insertBefore(entry.node, list.children[place] || null);
  });
}

function drawNames(names) {
  const box = $("name-table");
  if (!names.rows.length) {
    box.replaceChildren(emptyState("Nobody has asked anything yet, so nothing is known. A lookup by any client appears here at once."));
    return;
  }
  const head = element("tr", {}, element("th", { scope: "col" }, "name"), ...names.clients.map((client) => element("th", { scope: "col" }, client)));
  const rows = names.rows.map((row) => element("tr", {}, element("th", { scope: "row" }, row.name), ...row.cells.map((cell) =>
    element("td", {}, element("span", { class: `word ${cell.tone}` }, cell.words), cell.age_s === null ? null : element("span", { class: "age" }, ` ${cell.age_s} s ago`)))));
  const more = names.overflow ? element("p", { class: "note" }, "More names or clients asked than are shown here.") : null;
  box.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)), ...(more ? [more] : []));
  $("known-names").replaceChildren(...names.rows.map((row) => element("option", { value: row.name })));
}

function back(row) {
  if (row.back === null) return "no fault is over yet";
  return row.back.after_s === null ? `not yet, for ${seconds(row.back.waited_s)}` : `after ${seconds(row.back.after_s)}`;
}

function drawClients(clients, askers) {
  const box = $("client-table");
  if (!clients.length && !askers.length) {
    box.replaceChildren(emptyState("No client has been seen yet."));
    return;
  }
  if (!clients.length) {
    const rows = askers.map((asker) => element("tr", {}, element("th", { scope: "row" }, asker.name), element("td", { class: "number" }, asker.queries.toLocaleString("en")), element("td", {}, "unknown: it reports none")));
    const head = element("tr", {}, ...["client", "queries", "calls"].map((word, place) => element("th", { scope: "col", class: place === 1 ? "number" : "" }, word)));
    box.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
    return;
  }
  const heads = ["client", "calls", "failed", "attempts", "ok in the last 10 s", "median", "95th percentile", "first success after the fault", "latest calls", "now"];
  const rows = clients.map((row) => element("tr", {}, element("th", { scope: "row" }, row.name),
    ...[row.calls, row.failed, row.attempts ?? "unknown", share(row.share_ok), seconds(row.median_s), seconds(row.p95_s)].map((value) => element("td", { class: "number" }, value)),
    element("td", {}, back(row)),
    element("td", { class: "strip" }, ...row.strip.map((ok) => element("span", { class: ok ? "ok" : "bad" }, ok ? "▪" : "×"))),
    element("td", {}, row.longest_under_way_s > 1 ? `a call under way for ${seconds(row.longest_under_way_s)}` : row.error || (row.strip.length ? "ok" : "no call ended yet"))));
  const head = element("tr", {}, ...heads.map((word, place) => element("th", { scope: "col", class: place > 0 && place < 7 ? "number" : "" }, word)));
  box.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function drawVantage(probes, hint) {
  $("vantage-list").replaceChildren(...(probes.length ? probes.map((probe) => element("div", { class: `probe ${probe.tone}` },
    element("p", { class: "what" }, probe.what),
    element("p", {}, "by resolver: ", element("span", { class: `word ${probe.resolver.tone}` }, probe.resolver.words)),
    element("p", {}, "by address: ", element("span", { class: `word ${probe.address.tone}` }, probe.address.words)),
    element("p", { class: "conclusion" }, probe.conclusion))) : [emptyState(hint)]));
}

/** The server's own drawing: it escapes all text, and the page's policy lets no script in it run. */
function drawChart(id, html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  $(id).replaceChildren(...parsed.body.childNodes);
}

let lastEvent = 0;
function drawEvents(events) {
  const list = $("event-list");
  const newest = events.length ? events[0].number : 0;
  if (newest < lastEvent) list.replaceChildren();
  for (const event of events.filter((each) => each.number > lastEvent || newest < lastEvent).reverse()) {
    list.prepend(element("li", {}, element("time", {}, `${event.at_s.toFixed(1)} s`), element("span", { class: event.tone }, event.text)));
  }
  lastEvent = newest;
  while (list.children.length > 200) list.lastChild.remove();
}

function draw(state) {
  say($("title"), `${state.title} · ${seconds(Math.max(0, state.at_s))}`);
  say($("status"), state.status.words);
  $("status").className = state.status.tone;
  $("halt").hidden = !state.can.halt;
  $("halt").title = state.can.halt || "";
  $("go").hidden = !state.can.go;
  $("go").title = state.can.go || "";
  $("resume").hidden = !state.can.resume;
  $("inject").hidden = !state.can.inject;
  if (state.can.inject && formsWanted) loadForms();
  drawFaults(state.faults, state.fault_hint);
  drawNames(state.names);
  drawVantage(state.vantage, state.vantage_hint);
  drawClients(state.clients, state.askers);
  const open = state.connections;
  say($("connections"), open === null ? "Connections: unknown; nothing here sees them." : `Connections through the proxy: ${open.open} open, ${open.opened_10_s} opened in the last 10 s.`);
  drawChart("chart-lookups", state.charts.lookups);
  drawChart("chart-latency", state.charts.latency);
  drawEvents(state.events);
}

async function loadForms() {
  formsWanted = false;
  try {
    forms = await ask("GET", "/console/forms");
  } catch {
    formsWanted = true; // with the next news
    return;
  }
  $("kind").replaceChildren(...forms.map((form) => element("option", { value: form.kind }, form.kind)));
  const usual = forms.find((form) => form.kind === "empty");
  if (usual) $("kind").value = "empty";
  drawForm();
  $("begin").disabled = false;
}

function drawForm() {
  const form = forms.find((each) => each.kind === $("kind").value);
  if (!form) return;
  $("kind-help").textContent = form.summary;
  $("parameters").replaceChildren(...form.fields.map((field) => {
    const id = `p-${field.name}`;
    const about = { id, name: field.name, "data-type": field.type, required: field.required && field.type !== "flag" };
    let input;
    if (field.type === "choice") input = element("select", about, ...field.choices.map((choice) => element("option", { value: choice, selected: choice === field.default }, choice)));
    else if (field.type === "flag") input = element("input", { ...about, type: "checkbox", checked: field.default === true });
    else input = element("input", { ...about, type: ["number", "integer"].includes(field.type) ? "number" : "text", step: field.type === "number" ? "any" : null, placeholder: field.default === null ? (field.type === "duration" ? "a duration, such as 200ms" : "") : String(field.default), autocomplete: "off" });
    return element("div", { class: "row" }, element("label", { for: id }, `${field.name}${field.required ? " (needed)" : ""}`), input);
  }));
}

/** What was filled in; a field that was left alone is left to its default. */
function parameters() {
  const values = {};
  for (const input of $("parameters").querySelectorAll("[data-type]")) {
    const type = input.dataset.type;
    const field = forms.find((form) => form.kind === $("kind").value).fields.find((each) => each.name === input.name);
    if (type === "flag") {
      if (input.checked !== (field.default === true)) values[input.name] = input.checked;
    } else if (input.value !== "" && input.value !== field.default) {
      if (type === "number" || type === "integer") values[input.name] = Number(input.value);
      else if (type === "list") values[input.name] = input.value.split(/[\s,]+/).filter(Boolean);
      else if (type === "json") values[input.name] = JSON.parse(input.value);
      else values[input.name] = input.value;
    }
  }
  return values;
}

$("kind").addEventListener("change", drawForm);
$("inject-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const result = $("inject-result");
  try {
    const where = { [$("match").value]: $("name").value.trim() };
    const types = $("types").value.split(/[\s,]+/).filter(Boolean);
    if (types.length) where.types = types;
    const begun = await ask("POST", "/injections", { fault: { [$("kind").value]: parameters() }, where, for: $("for").value, chance: Number($("chance").value) });
    result.className = "ok";
    result.textContent = `${begun.id} is on; it ends by itself.${begun.doubt ? ` It may meet no query: ${begun.doubt}` : ""}`;
  } catch (error) {
    result.className = "bad";
    result.textContent = error.message;
  }
});
$("halt").addEventListener("click", () => act("POST", "/halt"));
$("go").addEventListener("click", () => act("POST", "/go"));
$("resume").addEventListener("click", () => act("POST", "/resume"));
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value.trim();
  $("token-form").hidden = true;
  wake();
});

let wake = () => {};
const pause = (ms) => new Promise((resolve) => {
  wake = resolve;
  if (ms) setTimeout(resolve, ms);
});

/** Server-sent events by fetch and not by EventSource, which could not send the token. */
async function follow() {
  for (;;) {
    let wait = 1000;
    try {
      const answer = await fetch("/console/stream", { headers: headers(), cache: "no-store" });
      if (answer.status === 401) {
        $("token-form").hidden = false;
        $("token").focus();
        say($("status"), "a token is needed");
        wait = 0;
      } else if (!answer.ok) {
        throw new Error(`status ${answer.status}`);
      } else {
        document.body.classList.remove("off");
        await readStream(answer.body.getReader());
      }
    } catch (error) {
      console.debug(error);
    }
    if (wait) {
      document.body.classList.add("off");
      say($("status"), "not connected: what is shown is old");
      $("status").className = "bad";
    }
    await pause(wait);
  }
}

async function readStream(reader) {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const parts = text.split("\n\n");
    text = parts.pop();
    const latest = parts.map((part) => part.split("\n").find((line) => line.startsWith("data: "))).filter(Boolean).pop();
    if (latest) draw(JSON.parse(latest.slice("data: ".length)));
  }
}
follow();
