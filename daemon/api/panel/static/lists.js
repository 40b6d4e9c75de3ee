// The shopping list, the to-do list and others: what is on them, to be ticked off and added to.

import { $, announce, h } from "./dom.js";
import { t } from "./texts.js";

const TICK_MS = 1500; // in which a tick can be taken back
const USUAL = ["shopping", "todo"]; // are there while empty, too
const TITLES = { shopping: "Shopping", todo: "To do" };

let connection = null;
let ask = null;
let lists = [];
let asked = 0;
const sections = new Map(); // by name: they stay, so that what is being typed does
const ticked = new Map(); // what will be gone: item to timeout

export function start(line, run) {
  connection = line;
  ask = run;
  line.addEventListener("hello", ({ detail }) => detail.status.state !== "loading" && refresh());
  for (const event of ["ready", "lists"]) line.addEventListener(event, refresh);
  document.addEventListener("language", () => {
    sections.clear();
    draw();
  });
  $("list-form").addEventListener("submit", begin);
}

async function refresh() {
  const mine = ++asked;
  let answer;
  try {
    answer = await connection.get("lists");
  } catch {
    return; // it loads
  }
  if (mine !== asked) return; // a later one knows better, and answers may overtake each other
  lists = answer.lists;
  draw();
}

// A list of another name is there once something is on it; until then only here.
function begin(event) {
  event.preventDefault();
  const name = $("list-name").value.trim().toLowerCase();
  if (!name) return;
  if (!sections.has(name)) sections.set(name, section(name));
  $("list-name").value = "";
  draw();
  sections.get(name).querySelector("input[type=text]").focus();
}

function draw() {
  const focused = document.activeElement?.id;
  const found = new Map(lists.map(({ list, items }) => [list, items]));
  const names = new Set([...USUAL, ...found.keys(), ...sections.keys()]);
  for (const name of names) {
    if (!sections.has(name)) sections.set(name, section(name));
    fill(sections.get(name), name, found.get(name) ?? []);
  }
  $("lists").replaceChildren(...[...names].map((name) => sections.get(name)));
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus();
}

const heading = (name) => (TITLES[name] ? t(TITLES[name]) : name);

function section(name) {
  const id = `list-${[...name].map((char) => char.codePointAt(0).toString(16)).join("-")}`;
  const field = h("input", { type: "text", id: `${id}-new`, maxlength: 500, autocomplete: "off", placeholder: t("Add something") });
  const add = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    if (await ask("POST", "lists", { list: name, items: [text] })) field.value = "";
  };
  return h("section", { class: "list", "aria-labelledby": id },
    h("div", { class: "head" }, h("h3", { id }, heading(name)), clear(name, id)),
    h("ul", {}),
    h("form", { class: "adding", onsubmit: add },
      h("label", { class: "hidden", for: `${id}-new` }, t("Add to {list}", { list: heading(name) })),
      field,
      h("button", { type: "submit", class: "quiet", "aria-label": t("Add to {list}", { list: heading(name) }) }, t("Add"))));
}

function fill(place, name, items) {
  place.querySelector("ul").replaceChildren(...items.map(item));
  place.querySelector(".clear").hidden = !items.length;
}

function item({ id, text }) {
  const box = h("input", { type: "checkbox", id: `item-${id}`, checked: ticked.has(id) });
  box.addEventListener("change", () => {
    if (box.checked) ticked.set(id, setTimeout(() => remove(id, text), TICK_MS));
    else {
      clearTimeout(ticked.get(id));
      ticked.delete(id);
    }
  });
  return h("li", {}, h("label", {}, box, h("span", {}, text)));
}

async function remove(id, text) {
  ticked.delete(id);
  if (await ask("DELETE", `lists/items/${id}`)) announce(t("Ticked off: {what}", { what: text }));
}

// The first press asks, the second clears.
function clear(name, id) {
  const label = (text) => `${text}: ${heading(name)}`;
  const button = h("button", { type: "button", class: "quiet clear", id: `${id}-clear`, "aria-label": label(t("Clear")) }, t("Clear"));
  const becomes = (sure) => {
    button.dataset.sure = sure ? "yes" : "";
    button.textContent = sure ? t("Really?") : t("Clear");
    button.setAttribute("aria-label", label(sure ? `${t("Really?")} ${t("Clear")}` : t("Clear")));
  };
  button.addEventListener("blur", () => becomes(false));
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) {
      becomes(true);
      return;
    }
    becomes(false);
    ask("DELETE", `lists?${new URLSearchParams({ list: name })}`);
  });
  return button;
}
