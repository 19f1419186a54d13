"use strict";
(() => {
  const table = document.querySelector(".evidence");
  if (!table) return;
  const rows = [...table.querySelectorAll("tbody tr")];
  const box = document.createElement("p");
  box.className = "filter";
  const label = document.createElement("label");
  label.htmlFor = "filter";
  label.textContent = "Show only events with";
  const input = Object.assign(document.createElement("input"), { id: "filter", type: "search", autocomplete: "off" });
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  box.append(label, input, count);
  table.before(box);
  const show = () => {
    const words = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = words !== "" && !row.textContent.toLowerCase().includes(words);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length} events`;
  };
  // The fragment is the state, so that a link shows what its sender saw: #evidence=words, or the id of a row.
  const read = () => {
    const fragment = decodeURIComponent(location.hash.slice(1));
    const filtered = fragment.startsWith("evidence=");
    input.value = filtered ? fragment.slice("evidence=".length) : "";
    show();
    if (filtered) document.getElementById("evidence").scrollIntoView();
  };
  input.addEventListener("input", () => {
    const words = input.value.trim();
    history.replaceState(null, "", words ? `#evidence=${encodeURIComponent(words)}` : "#evidence");
    show();
  });
  addEventListener("hashchange", read);
  read();
})();
