// The findings table of the page: search, filters, sorting and pages over embedded columns. No address is read.
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("finding-data"), words = read("finding-words");
  // A custom template may have no such element.
  const marked = document.getElementById("finding-marked") ? read("finding-marked") : {};
  const byId = (id) => document.getElementById(id);
  const names = Object.keys(data), total = data.status.codes.length;
  const value = (name, row) => data[name].values[data[name].codes[row]];
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const ORDER = { severity: ["critical", "high", "medium", "low", "informational"], status: ["FAIL", "MANUAL", "PASS"] };
  const SEARCHED = ["title", "check_id", "resource_uid", "account_id", "region", "service", "requirements", "finding_uid"];
  const GLYPHS = { PASS: "✓", FAIL: "✗", MANUAL: "◆" };
  const state = { rows: [], page: 0, size: 50, sort: null, descending: false };

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const label = (name, text) => words[`${name}.${text}`] || text;

  // One word on 100,000 rows costs one pass over the distinct values of each column, not over all cells.
  function matching(name, needle) {
    const hits = new Uint8Array(data[name].values.length);
    data[name].values.forEach((text, code) => { hits[code] = String(text).toLowerCase().includes(needle) ? 1 : 0; });
    return hits;
  }

  function select() {
    const needles = byId("finding-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tables = needles.map((needle) => SEARCHED.map((name) => [data[name].codes, matching(name, needle)]));
    const filters = [...document.querySelectorAll("[data-filter]")].filter((box) => box.value !== "").map(
      (box) => [data[box.dataset.filter].codes, Number(box.value)]);
    const wanted = byId("finding-requirement").value;
    const related = data.requirements.values.map((text) => wanted === "" || text.split("; ").includes(wanted));
    const rows = [];
    for (let row = 0; row < total; row += 1) {
      if (related[data.requirements.codes[row]] && filters.every(([codes, code]) => codes[row] === code)
        && tables.every((columns) => columns.some(([codes, hits]) => hits[codes[row]]))) rows.push(row);
    }
    state.rows = rows;
    sortRows();
    state.page = 0;
    show();
  }

  function ranks(name) {
    const values = data[name].values, order = ORDER[name];
    const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const sorted = values.map((_, code) => code).sort((a, b) => (order
      ? order.indexOf(values[a]) - order.indexOf(values[b]) : collator.compare(values[a], values[b])));
    const rank = new Uint32Array(values.length);
    sorted.forEach((code, place) => { rank[code] = place; });
    return rank;
  }

  function sortRows() {
    if (!state.sort) return;
    const rank = ranks(state.sort), codes = data[state.sort].codes, sign = state.descending ? -1 : 1;
    state.rows.sort((a, b) => sign * (rank[codes[a]] - rank[codes[b]]) || a - b);
  }

  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([key, text]) => node.setAttribute(key, text));
    node.append(...children);
    return node;
  }

  // Identifiers break after their separators, not inside a word; what is copied has no sign of it.
  const breakable = (text) => text.split(/(?<=[/:_.-])(?=\w)/).flatMap(
    (piece, place) => (place ? [element("wbr"), piece] : [piece]));

  function statusCell(row) {
    const status = value("status", row);
    const cell = element("td", null, element("span", { class: `status ${status.toLowerCase()}` },
      element("span", { class: "glyph", "aria-hidden": "true" }, GLYPHS[status] || ""), ` ${label("status", status)}`));
    ["muted", "waived"].filter((name) => value(name, row)).forEach(
      (name) => cell.append(" ", element("span", { class: "mark" }, label("status", name))));
    return cell;
  }

  function findingRow(row) {
    const severity = value("severity", row), moment = value("observed_at", row);
    const button = element("button", { type: "button", class: "more", "aria-expanded": "false" }, value("title", row));
    const line = element("tr", null,
      element("td", null, element("span", { class: `severity ${severity}` }, label("severity", severity))),
      element("td", null, button, element("span", { class: "checks" }, `${value("number", row)} · `, ...breakable(value("check_id", row)))),
      element("td", null, element("span", { class: "uid" }, ...breakable(value("resource_uid", row)))),
      element("td", null, value("account_id", row)), element("td", null, value("region", row)),
      element("td", null, value("service", row)), statusCell(row),
      element("td", null, element("time", { datetime: moment, title: moment }, moment.slice(0, 10))));
    button.addEventListener("click", () => toggle(button, line, row));
    return line;
  }

  function toggle(button, line, row) {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { line.nextSibling.remove(); return; }
    const facts = element("dl", { class: "facts" });
    const fact = (name, ...shown) => facts.append(
      element("div", null, element("dt", null, words[`column.${name}`]), element("dd", null, ...shown)));
    const plain = (name) => fact(name, String(value(name, row)) || "–");
    ["status_detail", "remediation"].forEach((name) => {
      const blocks = (marked[name] || {})[value(name, row)];
      if (blocks) fact(name, ...markedNodes(blocks)); else plain(name);
    });
    fact("requirements", ...requirementLinks(value("requirements", row)));
    ["resource_name", "resource_type", "account_name", "environment", "first_failed_on", "observed_at", "source",
      "source_version", "scan", "source_file", "source_file_sha256", "finding_uid"].forEach(plain);
    line.after(element("tr", { class: "detail" }, element("td", { colspan: "8" }, facts)));
  }

  // Blocks of a scanner's text: kind, level, marker, and spans with their looks and link. Nothing of it is markup here.
  function markedNodes(blocks) {
    return blocks.map(([kind, level, marker, spans]) => {
      const shown = spans.flatMap(spanNodes);
      if (kind === "code") return element("pre", null, ...shown);
      if (kind === "item") return element("p", { class: `marked-item level-${Math.min(level, 3)}` }, `${marker} `, ...shown);
      return element("p", null, ...shown);
    });
  }

  function spanNodes(span) {
    const [text, looks, url] = typeof span === "string" ? [span, "", ""] : span;
    let nodes = text.split("\n").flatMap((line, place) => (place ? [element("br"), ...breakable(line)] : breakable(line)));
    for (const [look, tag] of [["c", "code"], ["e", "em"], ["s", "strong"]]) {
      if (looks.includes(look)) nodes = [element(tag, null, ...nodes)];
    }
    if (!/^https?:\/\//.test(url)) return nodes;
    const link = element("a", { href: url, rel: "noopener noreferrer" }, ...nodes);
    return text === url ? [link] : [link, " (", ...breakable(url), ")"];
  }

  function requirementLinks(text) {
    const links = text.split("; ").filter(Boolean).map((id) => (words.anchors[id]
      ? element("a", { href: `#${words.anchors[id]}` }, id) : id));
    return links.length ? links.flatMap((link, place) => (place ? [", ", link] : [link])) : ["–"];
  }

  function show(size = state.size) {
    const from = state.page * size, rows = state.rows.slice(from, from + size);
    const body = byId("finding-table").tBodies[0];
    body.replaceChildren(...rows.map(findingRow));
    if (!rows.length) body.append(element("tr", null, element("td", { colspan: "8" }, words["screen.no_match"])));
    const form = state.rows.length === total ? "screen.showing" : "screen.showing_filtered";
    byId("finding-count").textContent = fill(words[form], {
      from: number.format(rows.length ? from + 1 : 0), to: number.format(from + rows.length),
      count: number.format(state.rows.length), total: number.format(total) });
    byId("finding-previous").disabled = state.page === 0;
    byId("finding-next").disabled = from + size >= state.rows.length;
  }

  function addSorting() {
    document.querySelectorAll("#finding-table th[data-column]").forEach((head) => {
      const button = element("button", { type: "button", class: "sort" }, ...head.querySelector(".head").childNodes);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const name = head.dataset.column;
        state.descending = state.sort === name && !state.descending;
        state.sort = name;
        document.querySelectorAll("#finding-table th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        sortRows(); state.page = 0; show();
      });
    });
  }

  function addFilters() {
    document.querySelectorAll("[data-filter]").forEach((box) => {
      const name = box.dataset.filter, values = data[name].values, rank = ranks(name);
      values.map((_, code) => code).sort((a, b) => rank[a] - rank[b]).forEach((code) => box.append(
        element("option", { value: String(code) }, label(name, values[code]) || "–")));
      box.addEventListener("change", select);
    });
  }

  function addRequirements() {
    const box = byId("finding-requirement");
    const ids = new Set(data.requirements.values.flatMap((text) => text.split("; ").filter(Boolean)));
    const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
    [...ids].sort(collator.compare).forEach((id) => box.append(element("option", { value: id }, id)));
    box.addEventListener("change", () => {
      history.replaceState(null, "", box.value ? `#requirement=${encodeURIComponent(box.value)}` : "#findings");
      select();
    });
    window.addEventListener("hashchange", readAddress);
  }

  // "#requirement=CC6.1" shows the failing findings of that requirement, so that a link or a bookmark can.
  function readAddress() {
    const [name, id] = window.location.hash.slice(1).split("=");
    if (name !== "requirement" || id === undefined) return;
    byId("finding-requirement").value = decodeURIComponent(id);
    const status = document.querySelector("[data-filter=status]"), failing = data.status.values.indexOf("FAIL");
    if (failing >= 0) status.value = String(failing);
    select();
    byId("findings").scrollIntoView();
  }

  // The same rule as the CSV file: an apostrophe before what a spreadsheet might compute.
  const cell = (text) => `"${String(text).replace(/^'*[=+\-@\t\r\n＝＋－＠]/, "'$&").replace(/"/g, '""')}"`;

  function save() {
    const lines = [names.join(","), ...state.rows.map((row) => names.map((name) => cell(value(name, row))).join(","))];
    const link = element("a", { download: "findings.csv",
      href: URL.createObjectURL(new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function start() {
    let wait = 0;
    byId("finding-search").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(select, 150); });
    byId("finding-tools").addEventListener("submit", (event) => event.preventDefault());
    byId("finding-tools").addEventListener("reset", () => setTimeout(select));
    byId("finding-size").addEventListener("change", (event) => { state.size = Number(event.target.value); state.page = 0; show(); });
    byId("finding-previous").addEventListener("click", () => { state.page -= 1; show(); });
    byId("finding-next").addEventListener("click", () => { state.page += 1; show(); });
    byId("finding-save").addEventListener("click", save);
    // Paper has no next page button: up to 2,000 of the chosen findings are printed.
    window.addEventListener("beforeprint", () => { state.page = 0; show(2000); });
    window.addEventListener("afterprint", () => show());
    byId("finding-tools").hidden = false; byId("finding-pager").hidden = false;
    addFilters(); addRequirements(); addSorting(); select(); readAddress();
  }
  start();
})();
