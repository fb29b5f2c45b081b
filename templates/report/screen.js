// The findings table of the page: search, filters, sorting and pages over embedded columns. Nothing is fetched.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("finding-data"), words = read("finding-words");
  // A custom template may have no such element.
  const marked = document.getElementById("finding-marked") ? read("finding-marked") : {};
  const byId = (id) => document.getElementById(id);
  const names = Object.keys(data), total = data.status.codes.length;
  const value = (name, row) => data[name].values[data[name].codes[row]];
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const dayForm = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
  const day = (moment) => (Number.isNaN(Date.parse(moment)) ? moment.slice(0, 10) : dayForm.format(new Date(moment)));
  const ORDER = { severity: ["critical", "high", "medium", "low", "informational"], status: ["FAIL", "MANUAL", "PASS"] };
  const SEARCHED = ["title", "check_id", "resource_uid", "account_id", "region", "service", "requirements", "finding_uid"];
  const GLYPHS = { PASS: "✓", FAIL: "✗", MANUAL: "◆" };
  const FILTERS = [...document.querySelectorAll("[data-filter]")];
  const heads = [...document.querySelectorAll("#finding-table thead th")].map((head) => head.textContent.trim());
  const isPhone = window.matchMedia("(max-width: 40rem)").matches;
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
    const filters = FILTERS.filter((box) => box.value !== "").map(
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

  function choose() {
    select();
    writeAddress();
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
      element("td", null, element("time", { datetime: moment, title: moment }, day(moment))));
    button.addEventListener("click", () => toggle(button, line, row));
    labelRow(line, heads);
    return line;
  }

  function toggle(button, line, row) {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { line.nextSibling.remove(); return; }
    const facts = element("dl", { class: "facts" });
    const fact = (name, ...shown) => facts.append(
      element("div", null, element("dt", null, words[`column.${name}`]), element("dd", null, ...shown)));
    const plain = (name) => fact(name, String(name === "first_failed_on" ? day(value(name, row)) : value(name, row)) || "–");
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

  function order(name, descending) {
    state.sort = name || null;
    state.descending = Boolean(name) && descending;
    document.querySelectorAll("#finding-table th").forEach((head) => {
      if (name && head.dataset.column === name) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    byId("finding-order").value = name || "";
  }

  function addSorting() {
    const box = byId("finding-order");
    document.querySelectorAll("#finding-table th[data-column]").forEach((head) => {
      const button = element("button", { type: "button", class: "sort" }, ...head.querySelector(".head").childNodes);
      const name = head.dataset.column;
      head.replaceChildren(button);
      box.append(element("option", { value: name }, button.textContent));
      button.addEventListener("click", () => { order(name, state.sort === name && !state.descending); choose(); });
    });
    box.addEventListener("change", () => { order(box.value, false); choose(); });
  }

  function addFilters() {
    FILTERS.forEach((box) => {
      const name = box.dataset.filter, values = data[name].values, rank = ranks(name);
      values.map((_, code) => code).sort((a, b) => rank[a] - rank[b]).forEach((code) => box.append(
        element("option", { value: String(code) }, label(name, values[code]) || "–")));
      box.addEventListener("change", choose);
    });
  }

  function addRequirements() {
    const box = byId("finding-requirement");
    const ids = new Set(data.requirements.values.flatMap((text) => text.split("; ").filter(Boolean)));
    const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
    [...ids].sort(collator.compare).forEach((id) => box.append(element("option", { value: id }, id)));
    box.addEventListener("change", choose);
    window.addEventListener("hashchange", readAddress);
  }

  // What is chosen stands in the address, so that a bookmark or a link shows the same findings again.
  function writeAddress() {
    const chosen = new URLSearchParams();
    const note = (name, text) => { if (text) chosen.set(name, text); };
    note("requirement", byId("finding-requirement").value);
    FILTERS.forEach((box) => { if (box.value !== "") chosen.set(box.dataset.filter, data[box.dataset.filter].values[Number(box.value)]); });
    if (chosen.has("requirement") && !chosen.has("status")) chosen.set("status", "");
    note("search", byId("finding-search").value.trim());
    note("order", state.sort && (state.descending ? "-" : "") + state.sort);
    history.replaceState(null, "", `#${chosen.toString() || "findings"}`);
  }

  // "#requirement=CC6.1" shows the failing findings of that requirement; other addresses say what they show.
  function readAddress() {
    const chosen = new URLSearchParams(window.location.hash.slice(1));
    const known = ["requirement", "search", "order", ...FILTERS.map((box) => box.dataset.filter)];
    if (!known.some((name) => chosen.has(name))) return;
    const id = chosen.get("requirement") || "";
    byId("finding-requirement").value = id;
    byId("finding-search").value = chosen.get("search") || "";
    FILTERS.forEach((box) => {
      const name = box.dataset.filter, isDefault = name === "status" && id && !chosen.has(name);
      const code = data[name].values.indexOf(isDefault ? "FAIL" : chosen.get(name));
      box.value = code < 0 || (!isDefault && !chosen.get(name)) ? "" : String(code);
    });
    const by = chosen.get("order") || "", name = by.replace(/^-/, "");
    order(names.includes(name) && byId("finding-order").querySelector(`[value="${CSS.escape(name)}"]`) ? name : "", by.startsWith("-"));
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

  function setSize() {
    if (isPhone) byId("finding-size").value = "10";
    state.size = Number(byId("finding-size").value);
  }

  function start() {
    let wait = 0;
    byId("finding-search").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(choose, 150); });
    byId("finding-tools").addEventListener("submit", (event) => event.preventDefault());
    byId("finding-tools").addEventListener("reset", () => setTimeout(() => { order("", false); setSize(); choose(); }));
    byId("finding-size").addEventListener("change", (event) => { state.size = Number(event.target.value); state.page = 0; show(); });
    byId("finding-previous").addEventListener("click", () => { state.page -= 1; show(); });
    byId("finding-next").addEventListener("click", () => { state.page += 1; show(); });
    byId("finding-save").addEventListener("click", save);
    // Paper has no next page button: up to 2,000 of the chosen findings are printed.
    window.addEventListener("beforeprint", () => { state.page = 0; show(2000); });
    window.addEventListener("afterprint", () => show());
    byId("finding-tools").hidden = false; byId("finding-pager").hidden = false;
    setSize(); addFilters(); addRequirements(); addSorting(); select(); readAddress();
  }
  start();
})();
