// Steps through the traces of this page. Whatever comes from data becomes text, never markup.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const root = document.getElementById("explorer");
  const part = (name) => root.querySelector(name);
  const traces = new Map();
  let shown = null; // {trace, items, body, cursor, drawn, stores}
  let step = 0;
  let writing = 0;
  let printing = false;

  for (const trace of JSON.parse(document.getElementById("traces").textContent)) add(trace, "");

  function add(trace, indent) {
    let id = trace.id;
    for (let more = 2; traces.has(id); more += 1) id = `${trace.id}-${more}`;
    trace.id = id;
    traces.set(id, trace);
    const option = element("option", indent + trace.title);
    option.value = id;
    part("select").append(option);
    if (trace.near) {
      trace.near.trace.id = `${id}-near`;
      trace.near.trace.of = trace;
      add(trace.near.trace, "\u2014 ");
    }
  }

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function drawing(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    return made;
  }

  // A mark as the layout gives it: a text is [class, x, y, text], a path [class, d], any other [name, attributes].
  function mark(given) {
    if (given.length === 4) {
      const [kind, x, y, text] = given;
      const made = drawing("text", {class: kind, x, y});
      made.textContent = text;
      return made;
    }
    return typeof given[1] === "string" ? drawing("path", {class: given[0], d: given[1]}) : drawing(...given);
  }

  function picture(width, height, marks) {
    const made = drawing("svg", {width, height, viewBox: `0 0 ${width} ${height}`, class: "space-time", "aria-hidden": "true"});
    made.append(...marks.map(mark));
    return made;
  }

  function address(trace, at) {
    return `#trace=${encodeURIComponent(trace.id)}&step=${at}`;
  }

  function link(trace, at, text) {
    return element("a", text, {href: address(trace, at)});
  }

  function choose(trace) {
    const {diagram} = trace;
    const inside = root.contains(document.activeElement);
    part("select").value = trace.id;
    part(".about").replaceChildren(...summary(trace));
    part(".heads").replaceChildren(picture(diagram.width, 34, diagram.head));
    const body = picture(diagram.width, diagram.height, diagram.lines);
    const cursor = drawing("rect", {class: "cursor", x: 2, width: diagram.width - 4, rx: 4});
    body.append(cursor);
    part(".body").replaceChildren(body);
    const items = trace.steps.map((one, at) => {
      const item = element("li");
      item.append(link(trace, at + 1, `${one.clock} ${one.says}`.trim()), ...one.aloud.map((said) => element("div", said, {class: "quiet"})));
      if (trace.violates && trace.violates.step === at + 1) item.append(element("div", verdict(trace.violates), {class: "bad"}));
      return item;
    });
    part(".story").replaceChildren(...items);
    part("input").max = trace.steps.length;
    part("[data-to=breaks]").hidden = !trace.violates;
    part(".near").replaceChildren(...nearest(trace));
    shown = {trace, items, body, cursor, drawn: new Map(), stores: stores(trace)};
    if (inside && !root.contains(document.activeElement)) root.focus({preventScroll: true}); // its link is gone
  }

  function summary(trace) {
    const lines = [`${trace.machine}, profile ${trace.profile}, ${trace.steps.length} steps. At first: ${trace.begins}.`];
    if (trace.violates) lines.unshift(`${trace.violates.id} ${trace.violates.name}: ${trace.violates.says}`);
    return lines.map((line) => element("p", line));
  }

  function verdict(violation) {
    return `${violation.asks} \u2717 ${violation.id} ${violation.name} is violated: ${violation.verdict}.`.trim();
  }

  // The store at each step; steps that change nothing share theirs.
  function stores(trace) {
    const all = [trace.first];
    for (const one of trace.steps) {
      let now = all[all.length - 1];
      if (one.changes.length) {
        now = now.slice();
        for (const [at, lines] of one.changes) now[at] = lines;
      }
      all.push(now);
    }
    return all;
  }

  function nearest(trace) {
    const box = element("div");
    if (trace.of) {
      box.append(element("h3", "What is other here"), element("p", trace.of.near.says));
      box.append(link(trace.of, trace.of.near.step, "Back to the trace that violates"));
      return [box];
    }
    if (!trace.violates) return [];
    box.append(element("h3", "The nearest passing trace"));
    if (!trace.near) {
      box.append(element("p", `None: no other answer, no other order of two neighbours and nothing left out, among the last ${trace.looked} decisions, keeps ${trace.violates.id}.`));
      return [box];
    }
    const {near} = trace;
    box.append(element("p", near.says), element("p", "Then:"));
    const list = element("ol", undefined, {start: near.step});
    for (let at = near.step; at <= near.trace.steps.length; at += 1) {
      const item = element("li");
      item.append(link(near.trace, at, near.trace.steps[at - 1].says));
      list.append(item);
    }
    const kept = element("p", `\u2713 ${trace.violates.id} ${trace.violates.name} is not violated, to the end of every tick.`, {class: "good"});
    const group = element("div", undefined, {class: "steps", tabindex: 0, role: "group", "aria-label": "Steps of the nearest passing trace"});
    group.append(list);
    box.append(group, kept);
    return [box];
  }

  function show(at) {
    const {trace, items, cursor, stores: held} = shown;
    items[step - 1]?.removeAttribute("aria-current");
    step = Math.max(0, Math.min(trace.steps.length, at));
    items[step - 1]?.setAttribute("aria-current", "step");
    const one = trace.steps[step - 1];
    const breaks = trace.violates && trace.violates.step === step;
    const now = part(".now");
    now.classList.toggle("breaks", Boolean(breaks));
    now.replaceChildren(element("p", said(trace, one)));
    if (one) now.append(...one.aloud.map((line) => element("p", line, {class: "quiet"})));
    if (breaks) now.append(element("p", verdict(trace.violates), {class: "bad"}));
    const place = trace.diagram.rows[step - 1] || {y: 0, height: 4};
    cursor.setAttribute("y", place.y + 1);
    cursor.setAttribute("height", place.height - 2);
    into(place);
    draw();
    part("input").value = step;
    part("input").setAttribute("aria-valuetext", `step ${step} of ${trace.steps.length}`);
    for (const [to, off] of [["first", step === 0], ["back", step === 0], ["on", step === trace.steps.length], ["last", step === trace.steps.length]]) {
      part(`[data-to=${to}]`).setAttribute("aria-disabled", off); // disabled, it would swallow keys
    }
    part(".state").replaceChildren(table(one ? `Step ${step}: ${one.label}` : "The beginning", one ? one.state : []));
    part(".store").replaceChildren(record(trace, held[Math.max(0, step - 1)], held[step], one));
  }

  function said(trace, one) {
    if (!one) return `At first: ${trace.begins}.`;
    const fault = one.fault ? ` [fault: ${one.fault}]` : "";
    return `Step ${step} of ${trace.steps.length}. ${one.says}${fault}`;
  }

  function into(place) {
    const box = part(".lanes");
    const seen = box.clientHeight - 40;
    if (place.y < box.scrollTop || place.y + place.height > box.scrollTop + seen) box.scrollTop = Math.max(0, place.y - seen / 2);
  }

  // A browser is slow with thousands of marks: only the rows in view are there, and all for the printer.
  function draw() {
    const {trace: {diagram}, body, cursor, drawn} = shown;
    const box = part(".lanes");
    const all = printing || matchMedia("print").matches; // some browsers tell by events alone
    const [from, to] = all ? [0, Infinity] : [box.scrollTop - 400, box.scrollTop + box.clientHeight + 400];
    diagram.rows.forEach((row, at) => {
      const seen = row.y + row.height >= from && row.y <= to;
      if (seen && !drawn.has(at)) {
        const made = drawing("g", {class: "row", transform: `translate(0 ${row.y})`, "data-step": at + 1});
        made.append(drawing("rect", {class: "hit", width: diagram.width, height: row.height}), ...row.marks.map(mark));
        drawn.set(at, made);
        body.insertBefore(made, cursor);
      } else if (!seen && drawn.has(at)) {
        drawn.get(at).remove();
        drawn.delete(at);
      }
    });
  }

  function table(title, rows) {
    const made = head(title, ["", "before", "after"]);
    for (const [name, before, after] of rows) {
      const row = element("tr");
      row.append(element("th", name, {scope: "row"}));
      if (before) row.append(cell([before], [after], "del", "\u2212 "), cell([after], [before], "ins", "+ "));
      else row.append(element("td"), element("td", after));
      made.append(row);
    }
    return made;
  }

  function record(trace, before, after, one) {
    const made = head("The store", ["record", "before", "after"]);
    const changed = new Set(one ? one.changes.map(([at]) => at) : []);
    trace.records.forEach((name, at) => {
      const row = element("tr");
      row.append(element("th", changed.has(at) ? `\u25c6 ${name.name}, written` : name.name, {scope: "row", title: name.key}));
      if (changed.has(at)) row.append(cell(before[at], after[at], "del", "\u2212 "), cell(after[at], before[at], "ins", "+ "));
      else row.append(element("td", after[at].join(", ") || "nothing", {colspan: 2, class: "quiet"}));
      made.append(row);
    });
    return made;
  }

  function head(title, names) {
    const made = element("table");
    const row = element("tr");
    for (const name of names) row.append(name ? element("th", name, {scope: "col"}) : element("td"));
    made.append(element("caption", title), row);
    return made;
  }

  // The lines of one side; those that the other has not are marked by sign and by element.
  function cell(lines, others, name, sign) {
    const made = element("td");
    const other = new Set(others);
    if (!lines.length) made.append(element("span", others.length ? `${sign}nothing` : "nothing", {class: "same"}));
    for (const line of lines) made.append(other.has(line) ? element("span", line, {class: "same"}) : element(name, sign + line));
    return made;
  }

  function go(at) {
    show(at);
    clearTimeout(writing); // browsers refuse an address for every key that is held down
    writing = setTimeout(() => history.replaceState(null, "", address(shown.trace, step)), 150);
  }

  // What the address says: its trace, or the first; its step, or the one that breaks. Another link's address is not ours.
  function read() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (shown && location.hash && !traces.has(asked.get("trace"))) return;
    const trace = traces.get(asked.get("trace")) || traces.values().next().value;
    const at = asked.has("step") && asked.has("trace") ? Number.parseInt(asked.get("step"), 10) : NaN;
    clearTimeout(writing);
    if (!shown || shown.trace !== trace) choose(trace);
    show(Number.isNaN(at) ? first(trace) : at);
  }

  function first(trace) {
    return trace.violates ? trace.violates.step : 0;
  }

  // How far a key goes. Left and right scroll the diagram; what has a use of its own for the others keeps them.
  const keys = {ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, Home: -Infinity, End: Infinity};

  function pressed(event) {
    const by = keys[event.key];
    if (!by || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input, .steps")) return;
    event.preventDefault();
    go(step + by);
  }

  if (!traces.size) {
    root.hidden = true;
    return;
  }
  root.addEventListener("keydown", pressed);
  part("input").addEventListener("input", (event) => go(Number(event.target.value)));
  part("select").addEventListener("change", (event) => {
    const trace = traces.get(event.target.value);
    location.hash = address(trace, first(trace));
  });
  part(".steering").addEventListener("click", (event) => {
    const to = event.target.dataset.to;
    if (to) go({first: 0, back: step - 1, on: step + 1, last: shown.trace.steps.length, breaks: first(shown.trace)}[to]);
  });
  part(".body").addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row) location.hash = address(shown.trace, row.dataset.step);
  });
  part(".lanes").addEventListener("scroll", () => draw());
  addEventListener("resize", () => draw());
  matchMedia("print").addEventListener("change", () => draw());
  addEventListener("beforeprint", () => { printing = true; draw(); });
  addEventListener("afterprint", () => { printing = false; draw(); });
  addEventListener("hashchange", read);
  read();
})();
