// The list of tenants: filtered and sorted as a whole; of its rows those are drawn that were scrolled to.
"use strict";
(() => {
  const { at, kinds, tenants: packed } = JSON.parse(document.getElementById("status").textContent);
  const STEP = 40; // rows drawn at once
  const filters = document.getElementById("filters");
  const list = document.getElementById("tenants");
  const [body] = list.tBodies;
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const heads = [...list.querySelectorAll("th button")];
  const tenants = packed.map(([tenant, kind, missed, check, success]) => {
    const [trust, reason] = kinds[kind];
    return { tenant, kind, trust, reason, missed, check, success, text: tenant.toLowerCase() };
  });
  const below = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  const trusts = [...new Set(kinds.map(([trust]) => trust))]; // the worst first
  const reasons = [...new Set(kinds.map(([, reason]) => reason))].sort();
  const ids = new Map(tenants.map((one) => one.tenant).sort(below).map((id, rank) => [id, rank]));
  const ranks = { // what each column sorts by: integers, for ten thousand of them are compared at each click
    tenant: (one) => ids.get(one.tenant),
    trust: (one) => trusts.indexOf(one.trust),
    reason: (one) => reasons.indexOf(one.reason),
    missed: (one) => 1 - one.missed,
    check: (one) => one.check ?? Number.MIN_SAFE_INTEGER, // never is the longest ago
    success: (one) => one.success ?? Number.MIN_SAFE_INTEGER,
  };
  for (const one of tenants) {
    one.rank = Object.fromEntries(Object.entries(ranks).map(([column, rank]) => [column, rank(one)]));
  }
  let sorted = { column: "trust", way: 1 };
  const by = ({ column, way }) => (one, other) =>
    way * (one.rank[column] - other.rank[column]) || one.rank.tenant - other.rank.tenant;
  tenants.sort(by(sorted));
  let chosen = tenants;

  const made = (name, text, properties = {}) => Object.assign(document.createElement(name), { textContent: text, ...properties });

  function ago(ms) {
    const minutes = Math.trunc((at - ms) / 60000);
    const [number, unit] = Math.abs(minutes) < 120 ? [minutes, "min"]
      : Math.abs(minutes) < 2880 ? [Math.trunc(minutes / 60), "h"] : [Math.trunc(minutes / 1440), "days"];
    return number < 0 ? `${-number} ${unit} ahead` : `${number} ${unit} ago`;
  }

  function instant(ms) {
    if (ms === null) return ["never"];
    const text = new Date(ms).toISOString();
    return [ago(ms), made("time", text.replace("T", " "), { dateTime: text })];
  }

  function row(one, index) {
    const cells = [
      [made("bdi", one.tenant)], [made("span", one.trust, { className: one.trust.toLowerCase() })], [one.reason],
      [one.missed ? "missed" : "no"], instant(one.check), instant(one.success),
    ];
    const drawn = made("tr", "");
    drawn.setAttribute("role", "row");
    drawn.setAttribute("aria-rowindex", index + 2); // the head is the first
    drawn.append(...cells.map((parts, column) => {
      const cell = made("td", "");
      cell.setAttribute("role", "cell");
      cell.dataset.says = heads[column].textContent;
      const value = made("span", "");
      value.append(...parts);
      cell.append(value);
      return cell;
    }));
    return drawn;
  }

  function draw(most) {
    const from = body.rows.length;
    body.append(...chosen.slice(from, from + most).map((one, index) => row(one, from + index)));
    more.hidden = body.rows.length === chosen.length;
  }

  function show() {
    const { text, trust, reason, missed } = filters.elements;
    const sought = text.value.toLowerCase();
    chosen = tenants.filter((one) => one.text.includes(sought) && (!trust.value || one.trust === trust.value)
      && (!reason.value || one.reason === reason.value) && (!missed.checked || one.missed));
    for (const head of heads) {
      const way = head.dataset.column === sorted.column ? sorted.way : 0;
      head.parentElement.setAttribute("aria-sort", way > 0 ? "ascending" : way < 0 ? "descending" : "none");
    }
    const number = (count) => count.toLocaleString("en");
    shown.textContent = `${number(chosen.length)} of ${number(tenants.length)} tenants`;
    list.setAttribute("aria-rowcount", chosen.length + 1);
    body.replaceChildren();
    draw(STEP);
  }

  filters.addEventListener("input", show);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(show)); // once the fields are as they were
  list.tHead.addEventListener("click", ({ target }) => {
    const { column } = target.dataset;
    if (column) {
      sorted = { column, way: column === sorted.column ? -sorted.way : 1 };
      tenants.sort(by(sorted));
      show();
    }
  });
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => {
      [filters.elements.trust.value, filters.elements.reason.value] = kinds[button.dataset.kind];
      filters.elements.text.value = "";
      filters.elements.missed.checked = false;
      show();
      shown.scrollIntoView();
    });
  }
  more.addEventListener("click", () => draw(STEP));
  new IntersectionObserver(([seen]) => seen.isIntersecting && draw(STEP), { rootMargin: "50%" }).observe(more);
  addEventListener("beforeprint", () => draw(chosen.length)); // paper has all that is chosen
  show();
})();
