// SPDX-License-Identifier: Apache-2.0
// The table of nodes, its filters, and the section of one node. Whatever a node said goes in as text, never as markup.
"use strict";
(() => {
  const WORDS = ["fail", "error", "warn", "recovered", "skip", "pass"];
  const NAMES = ["Failed", "Could not look", "Warning", "Recovered", "Skipped", "Passed"];
  const SKIP = 4;
  const SIGNS = ["✗", "?", "!", "↻", "-", "✓"];
  const STEP = 60;
  const data = JSON.parse(document.getElementById("data").textContent);
  const nodes = data.nodes.map(([name, role, origin, taken, failure, provider, proof, row]) =>
    ({ name, role, origin, taken, failure, provider, proof, row }));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const at = (id) => document.getElementById(id);
  const state = { limit: STEP, outcomes: new Set(), shown: [] };

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function said(text) { return make("bdi", {}, text); }

  function command(text) { return make("code", { class: "command" }, text); }

  function columns() {
    const chosen = at("check").value;
    const all = data.checks.map((check, place) => ({ ...check, place }));
    return chosen ? all.filter((check) => check.id === chosen) : all;
  }

  // Every word must be in the node's name or role, or name a check; then only nodes and columns with it are left.
  function matches() {
    const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const role = at("role").value;
    let checks = columns();
    const ofNodes = [];
    for (const word of words) {
      const fits = checks.filter((check) => `${check.id} ${check.title}`.toLowerCase().includes(word));
      const names = nodes.some((node) => node.name.toLowerCase().includes(word));
      if (!names && fits.length) checks = fits; else ofNodes.push(word);
    }
    const found = nodes.filter((node) => (!role || node.role === role)
      && ofNodes.every((word) => node.name.toLowerCase().includes(word))
      && (!state.outcomes.size || checks.some((check) => {
        const cell = node.row[check.place];
        return cell >= 0 && state.outcomes.has(data.cells[cell][0]);
      })));
    return { found, checks: worstFirst(found, checks) };
  }

  // What is wrong is to be seen without scrolling sideways; what applies to none of these nodes stands last.
  function worstFirst(found, checks) {
    const wrong = (check) => {
      const counts = [0, 0, 0, 0];
      for (const node of found) {
        const cell = node.row[check.place];
        if (cell < 0) continue;
        if (data.cells[cell][0] < 3) counts[data.cells[cell][0]] += 1;
        if (data.cells[cell][0] !== SKIP) counts[3] = 1;
      }
      return counts;
    };
    const ranked = checks.map((check) => ({ check, counts: wrong(check) }));
    ranked.sort((a, b) => b.counts[0] - a.counts[0] || b.counts[1] - a.counts[1]
      || b.counts[2] - a.counts[2] || b.counts[3] - a.counts[3]);
    return ranked.map((each) => each.check);
  }

  function cell(node, check) {
    const place = node.row[check.place];
    if (place < 0) return make("td", { class: "none" }, "");
    const outcome = data.cells[place][0];
    return make("td", { class: WORDS[outcome], "data-check": check.place,
      "aria-label": `${check.id}: ${NAMES[outcome]}`, title: `${node.name}: ${check.id}: ${NAMES[outcome]}` }, SIGNS[outcome]);
  }

  function row(node, checks) {
    const link = make("a", { href: `#${encodeURIComponent(node.name)}`, class: "name" }, node.name);
    const worst = Math.min(...node.row.filter((each) => each >= 0).map((each) => data.cells[each][0]), 5);
    const name = make("th", { scope: "row", class: worst < 3 ? WORDS[worst] : "fine" }, link);
    const line = make("tr", { "data-node": node.name }, name);
    for (const check of checks) line.append(cell(node, check));
    return line;
  }

  function draw() {
    const { found, checks } = matches();
    const table = at("matrix");
    const head = make("tr", {}, make("th", { scope: "col" }, "Node"));
    for (const check of checks) {
      head.append(make("th", { scope: "col", title: check.title }, make("span", {}, check.id)));
    }
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(...found.slice(0, state.limit).map((node) => row(node, checks)));
    const left = found.length - state.limit;
    at("more").hidden = left <= 0;
    at("more").textContent = `Show all ${found.length} nodes`;
    at("shown").textContent = `${Math.min(found.length, state.limit)} shown of ${found.length} nodes that match`
      + ` (${nodes.length} in all, the worst first), ${checks.length} of ${data.checks.length} checks.`
      + ` Choose a node for what was found on it.${data.cut ? " Texts are cut to keep this page small: results.json has them whole." : ""}`;
  }

  function verdictOf(node, check, place) {
    const [outcome, message, expected, found, cause, told] = data.cells[place];
    const item = make("li", { class: WORDS[outcome], id: `check-${check.place}` },
      make("p", { class: "what" }, make("b", { class: "word" }, `${SIGNS[outcome]} ${NAMES[outcome]}`), " ",
        make("span", { class: "title" }, check.title), " ", make("small", {}, check.id)));
    const facts = make("dl", {});
    const fact = (name, text) => { if (text) facts.append(make("dt", {}, name), make("dd", {}, said(text))); };
    fact(outcome === 3 ? "before" : "why", outcome === 3 || !expected || outcome > 2 ? message : "");
    fact(outcome === 3 ? "after" : "found", found);
    fact("expected", expected);
    fact("because of", cause);
    item.append(facts);
    if (told >= 0) {
      const [instruction, repair] = data.advice[told];
      if (repair) item.append(make("p", { class: "do" }, command(repair.replace("@node@", () => node.name))));
      if (instruction) item.append(make("p", { class: "do" }, repair ? "or: " : "", instruction));
      item.append(make("p", { class: "source" }, `Source: ${check.source}`));
    }
    return item;
  }

  function repairOf([, name, result, comment, changes]) {
    const word = result === null ? "… Planned" : result ? "✓ Done" : "✗ Failed";
    const item = make("li", { class: result === null ? "plan" : result ? "pass" : "fail" },
      make("p", { class: "what" }, make("b", { class: "word" }, word), " ", make("small", {}, name)), make("p", {}, said(comment)));
    const facts = make("dl", {});
    for (const [what, change] of Object.entries(changes)) {
      facts.append(make("dt", {}, what), make("dd", {}, said(change.old), " → ", said(change.new)));
    }
    item.append(facts);
    return item;
  }

  function detail(node, check) {
    const box = at("detail");
    const close = make("button", { type: "button", id: "close" }, "Close (Esc)");
    const head = make("h3", {}, node.name, " ", make("small", {}, [node.role, node.provider].filter(Boolean).join(", ")));
    const lines = [node.failure && `Could not be looked at: ${node.failure}`, `Looked at ${node.taken} over ${node.origin}`,
      node.proof && `Proved by a crash: ${node.proof}`].filter(Boolean);
    const judged = data.checks.map((each, place) => ({ ...each, place })).filter((each) => node.row[each.place] >= 0);
    judged.sort((a, b) => data.cells[node.row[a.place]][0] - data.cells[node.row[b.place]][0]);
    const list = (items) => make("ol", { class: "todo" }, ...items);
    const item = (each) => verdictOf(node, each, node.row[each.place]);
    const wrong = judged.filter((each) => data.cells[node.row[each.place]][0] < 4);
    const rest = judged.filter((each) => data.cells[node.row[each.place]][0] >= 4);
    const others = make("details", {}, make("summary", {}, `${rest.length} passed or skipped, with what was found`), list(rest.map(item)));
    const repairs = data.repairs.filter((each) => each[0] === node.name);
    box.replaceChildren(close, head, ...lines.map((line) => make("p", { class: "facts" }, said(line))), list(wrong.map(item)));
    if (repairs.length) box.append(make("h4", {}, "Repairs"), list(repairs.map(repairOf)));
    if (rest.length) box.append(others);
    if (!wrong.length || rest.some((each) => each.place === check)) others.open = true;
    close.addEventListener("click", leave);
    box.hidden = false;
    (check === undefined ? box : at(`check-${check}`) || box).scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  }

  function leave() {
    const name = at("detail").querySelector("h3") && decodeURIComponent(location.hash.slice(1));
    at("detail").hidden = true;
    history.replaceState(null, "", location.pathname);
    const back = [...document.querySelectorAll("#matrix a.name")].find((link) => link.textContent === name);
    if (back) back.focus();
  }

  function follow() {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (byName.has(name)) detail(byName.get(name));
  }

  function step(link, by) {
    const links = [...document.querySelectorAll("#matrix a.name")];
    const next = links[links.indexOf(link) + by];
    if (next) next.focus();
  }

  function again() { state.limit = STEP; draw(); }

  for (const role of [...new Set(nodes.map((node) => node.role).filter(Boolean))].sort()) at("role").append(make("option", { value: role }, role));
  for (const check of data.checks) at("check").append(make("option", { value: check.id }, check.id));
  at("search").addEventListener("input", again);
  at("role").addEventListener("change", again);
  at("check").addEventListener("change", again);
  at("more").addEventListener("click", () => { state.limit = nodes.length; draw(); });
  at("outcomes").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const outcome = Number(button.dataset.outcome);
    if (!state.outcomes.delete(outcome)) state.outcomes.add(outcome);
    button.setAttribute("aria-pressed", String(state.outcomes.has(outcome)));
    again();
  });
  at("matrix").addEventListener("click", (event) => {
    const found = event.target.closest("td[data-check]");
    if (!found) return;
    const node = byName.get(found.parentElement.dataset.node);
    history.replaceState(null, "", `#${encodeURIComponent(node.name)}`);
    detail(node, Number(found.dataset.check));
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select");
    if (event.key === "/" && !typing) { event.preventDefault(); at("search").focus(); }
    if (event.key === "Escape" && !at("detail").hidden) leave();
    if (event.target.matches("a.name") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(event.target, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  window.addEventListener("hashchange", follow);
  // A command is pasted into a shell: one click selects the whole of it.
  document.addEventListener("click", (event) => {
    const code = event.target.closest("code.command");
    if (code) getSelection().selectAllChildren(code);
  });
  draw();
  follow();
})();
