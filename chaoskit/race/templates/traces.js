"use strict";
(() => {
  const model = JSON.parse(document.getElementById("model").textContent);
  const element = (id) => document.getElementById(id);
  const main = document.querySelector("main");
  const sections = [...document.querySelectorAll(".way")];
  const recordedRows = sections.map((section) => section.querySelector(".steps").innerHTML);
  let way = 0, processes = [], at = 0, branchedAt = null;

  const start = () => ({ shared: model.start, locals: model.role_of.map((role) => model.roles[role].start) });

  // One step of a process, by the tables; null where it must wait.
  function step(state, process) {
    const role = model.roles[model.role_of[process]];
    const call = role.calls[state.locals[process]];
    const effect = model.effects[state.shared * model.calls + call];
    if (!effect) return null;
    const [shared, answer, marks, outdates] = effect;
    const locals = state.locals.map((local, other) =>
      outdates && other !== process ? model.roles[model.role_of[other]].outdated[local] : local);
    locals[process] = role.replies[state.locals[process] * model.answers + answer];
    return { process, says: model.says[call * model.answers + answer], marks, state: { shared, locals } };
  }

  function play(list) {
    const moves = [];
    let state = start();
    for (const process of list) {
      const move = step(state, process);
      if (!move) break;
      moves.push(move);
      state = move.state;
    }
    return moves;
  }

  const broken = (marks) => model.marks.filter((_, bit) => marks >> bit & 1);

  function span(className, text) {
    const node = document.createElement("span");
    node.className = className;
    node.textContent = text;
    return node;
  }

  function row(move, number, before) {
    const item = document.createElement("li");
    item.append(span("number", number));
    model.processes.forEach((name, process) => {
      const lane = span(process === move.process ? "lane here" : "lane", "");
      if (process === move.process) {
        const who = document.createElement("b");
        who.className = "who";
        who.textContent = name;
        lane.append(who, " " + move.says);
      }
      item.append(lane);
    });
    const [record, empty] = model.records[move.state.shared];
    const same = before && model.records[before.state.shared][0] === record;
    item.append(span(`record${empty ? " empty" : ""}${same ? " same" : ""}`, record));
    return item;
  }

  function show() {
    const moves = play(processes);
    at = Math.max(0, Math.min(at, moves.length));
    const state = at ? moves[at - 1].state : start();
    sections.forEach((section, number) => section.classList.toggle("shown", number === way));
    document.querySelectorAll("[data-way]").forEach((tab) => tab.setAttribute("aria-pressed", Number(tab.dataset.way) === way));
    const list = sections[way].querySelector(".steps");
    if (branchedAt === null) list.innerHTML = recordedRows[way];
    else list.replaceChildren(...moves.map((move, number) => row(move, number + 1, moves[number - 1])));
    [...list.children].forEach((item, number) => {
      item.classList.toggle("now", number === at - 1);
      item.classList.toggle("ahead", number >= at);
      item.onclick = () => { at = number + 1; show(); };
    });
    element("place").textContent = `step ${at} of ${moves.length}`;
    const [record, empty] = model.records[state.shared];
    element("record").textContent = record;
    element("record").className = empty ? "empty" : "";
    element("first").disabled = element("back").disabled = at === 0;
    element("last").disabled = element("forward").disabled = at === moves.length;
    element("branch").hidden = branchedAt === null;
    element("branched").textContent = branchedAt === null ? "" : branchedAt + 1;
    element("moves").replaceChildren(...model.processes.map((name, process) => choice(state, name, process, processes[at])));
    const link = branchedAt === null ? `#way=${way}&at=${at}` : `#way=${way}&at=${at}&from=${branchedAt}&moves=${processes.join(".")}`;
    history.replaceState(null, "", link);
  }

  function choice(state, name, process, next) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const move = step(state, process);
    const who = document.createElement("strong");
    who.textContent = name;
    button.append(who, move ? " " + move.says : " must wait");
    if (move) {
      const [before] = model.records[state.shared], [after] = model.records[move.state.shared];
      button.append(span("then", before === after ? `the record stays: ${after}` : `the record becomes: ${after}`));
      if (move.marks) button.append(span("breaks", "breaks " + broken(move.marks).join(", ")));
    }
    button.disabled = !move;
    if (process === next) {
      button.className = "recorded";
      button.append(span("then", "as on this way"));
    }
    button.onclick = () => {
      if (process !== processes[at]) {
        if (branchedAt === null || at < branchedAt) branchedAt = at;
        processes = [...processes.slice(0, at), process];
      }
      at += 1;
      show();
    };
    item.append(button);
    return item;
  }

  function choose(number, place) {
    way = number;
    processes = [...model.ways[way].processes];
    branchedAt = null;
    at = place;
    show();
  }

  element("first").onclick = () => { at = 0; show(); };
  element("back").onclick = () => { at -= 1; show(); };
  element("forward").onclick = () => { at += 1; show(); };
  element("last").onclick = () => { at = processes.length; show(); };
  element("recorded").onclick = () => choose(way, branchedAt);
  document.querySelectorAll("[data-way]").forEach((tab) => { tab.onclick = () => choose(Number(tab.dataset.way), 0); });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: processes.length };
    if (event.key in moves) { at = moves[event.key]; event.preventDefault(); show(); }
  });

  element("player").hidden = false;
  main.classList.add("playing");
  const asked = new URLSearchParams(location.hash.slice(1));
  const number = Number(asked.get("way"));
  choose(model.ways[number] ? number : 0, 0);
  if (asked.get("moves")) {
    const list = asked.get("moves").split(".").map(Number);
    if (list.every((process) => process in model.role_of) && play(list).length === list.length) {
      processes = list;
      branchedAt = Number(asked.get("from")) || 0;
    }
  }
  at = Number(asked.get("at")) || 0;
  show();
})();
