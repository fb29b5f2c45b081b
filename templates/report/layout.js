// The page on a phone: tables become cards, and sections open and close. On paper everything is open.
"use strict";

// Gives each cell the name of its column, which cards show before it. Words that explain themselves need none.
function labelRow(row, heads) {
  let place = 0;
  row.setAttribute("role", "row");
  [...row.cells].forEach((cell) => {
    const isHead = cell.tagName === "TH";
    cell.setAttribute("role", isHead ? (cell.scope === "col" ? "columnheader" : "rowheader") : "cell");
    const speaks = isHead || cell.colSpan > 1 || cell.querySelector(".severity, .status, .result, .band, .checks, svg");
    if (!speaks && heads[place]) cell.dataset.label = heads[place];
    place += cell.colSpan;
  });
}

(() => {
  const phone = window.matchMedia("(max-width: 40rem)");
  const OPEN = ["executive_summary", "findings"];
  const parts = [...document.querySelectorAll("main > .part")].filter((part) => part.querySelector(":scope > .part-body"));
  const bodyOf = (part) => part.querySelector(":scope > .part-body");
  const titleOf = (part) => part.querySelector(":scope > h2");

  function labelTables() {
    document.querySelectorAll("table.grid:not(.heat)").forEach((table) => {
      const head = table.tHead && table.tHead.rows[table.tHead.rows.length - 1];
      if (!head) return;
      const heads = [...head.cells].flatMap((cell) => Array(cell.colSpan).fill(cell.textContent.trim()));
      table.classList.add("cards");
      table.setAttribute("role", "table");
      [table.tHead, ...table.tBodies].forEach((group) => group.setAttribute("role", "rowgroup"));
      [...table.rows].forEach((row) => labelRow(row, heads));
    });
  }

  function setOpen(part, isOpen) {
    if (isOpen) bodyOf(part).removeAttribute("hidden"); else bodyOf(part).setAttribute("hidden", "until-found");
    titleOf(part).querySelector("button").setAttribute("aria-expanded", String(isOpen));
  }

  function addToggle(part) {
    const title = titleOf(part), button = document.createElement("button");
    button.type = "button";
    button.className = "toggle";
    button.append(...title.childNodes);
    title.append(button);
    setOpen(part, false);
    button.addEventListener("click", () => setOpen(part, button.getAttribute("aria-expanded") !== "true"));
    bodyOf(part).addEventListener("beforematch", () => setOpen(part, true));
  }

  function removeToggle(part) {
    setOpen(part, true);
    const button = titleOf(part).querySelector("button");
    button.replaceWith(...button.childNodes);
  }

  function arrange() {
    const closing = parts.length > 1 ? parts.filter((part) => !OPEN.includes(titleOf(part).id)) : [];
    closing.forEach((part) => {
      const hasToggle = titleOf(part).querySelector("button") !== null;
      if (phone.matches && !hasToggle) addToggle(part);
      if (!phone.matches && hasToggle) removeToggle(part);
    });
    document.querySelectorAll(".filters").forEach((box) => { box.open = !phone.matches; });
    reveal();
  }

  // A link into a closed section opens it.
  function reveal() {
    let id = window.location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { return; }
    const target = id && document.getElementById(id), part = target && target.closest(".part");
    if (!part || !titleOf(part).querySelector("button")) return;
    setOpen(part, true);
    target.scrollIntoView();
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = parts.filter((part) => bodyOf(part).hasAttribute("hidden"));
    closed.forEach((part) => bodyOf(part).removeAttribute("hidden"));
  });
  window.addEventListener("afterprint", () => closed.forEach((part) => setOpen(part, false)));
  window.addEventListener("hashchange", reveal);
  phone.addEventListener("change", arrange);
  labelTables();
  arrange();
})();
