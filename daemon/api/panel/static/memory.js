// What is remembered: facts and conversations, to be searched and forgotten.

import { $, announce, h } from "./dom.js";
import { day, t } from "./texts.js";

const WAIT_MS = 250; // after the last letter

let connection = null;
let ask = null;
let told = null;
let waiting = 0;

export function start(line, run) {
  connection = line;
  ask = run;
  line.addEventListener("hello", ({ detail }) => detail.status.state !== "loading" && refresh());
  for (const event of ["ready", "new-conversation", "persona", "turn", "settings"]) line.addEventListener(event, refresh);
  line.addEventListener("forgotten", search); // on another page, or by a command
  document.addEventListener("language", () => told && draw());
  $("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, WAIT_MS);
  });
  $("finding").addEventListener("submit", (event) => event.preventDefault());
}

async function refresh() {
  if ($("search").value.trim()) return; // what was found stays until the box is empty
  try {
    told = await connection.get("memory");
  } catch {
    return; // it loads
  }
  draw();
}

function draw() {
  const none = !told.conversations.length && !told.facts.length;
  $("finding").hidden = none;
  remembering();
  const empty = told.kept && none ? h("p", { class: "note" }, t("Nothing is remembered yet.")) : null;
  const open = [...$("memories").querySelectorAll("details[open]")].map(({ id }) => id);
  $("memories").replaceChildren(...[empty, list(told.facts.map(fact)), list(told.conversations.map(conversation))].filter(Boolean));
  for (const id of open) $(id)?.setAttribute("open", "");
}

// Whether what is said from now on is kept, and the other choice.
function remembering() {
  const focused = $("remembering").contains(document.activeElement);
  const button = h("button", {
    type: "button", class: "quiet",
    onclick: () => ask("PATCH", "settings", { name: "memory.keep", value: !told.kept }),
  }, told.kept ? t("Keep nothing more") : t("Keep conversations"));
  $("remembering").replaceChildren(
    h("p", { class: "note" }, told.kept ? t("Conversations are kept on this computer, and recalled.") : t("Nothing that is said is kept.")),
    button);
  if (focused) button.focus();
}

const list = (items) => (items.length ? h("ul", { class: "memories" }, items) : null);

function fact({ id, text }) {
  return h("li", {}, h("p", {}, text), forget(`facts/${id}`, text));
}

function conversation({ id, began, persona, turns, title }) {
  const words = h("div", { class: "said" });
  const about = [day(began), t("{count} turns", { count: turns }), persona].filter(Boolean).join(" · ");
  const details = h("details", { id: `conversation-${id}`, ontoggle: (event) => event.target.open && show(id, words) },
    h("summary", {}, title || t("(nothing was said)"), h("span", { class: "note" }, about)),
    words);
  return h("li", {}, details, forget(`conversations/${id}`, title));
}

async function show(id, place) {
  try {
    const { turns } = await connection.get(`memory/conversations/${id}`);
    place.replaceChildren(...turns.flatMap(turn));
  } catch (error) {
    place.replaceChildren(h("p", { class: "problem" }, error.message));
  }
}

const turn = ({ question, answer }) => [
  h("p", {}, h("strong", {}, `${t("You")}: `), question),
  answer ? h("p", {}, h("strong", {}, `${t("Answer")}: `), answer) : null,
].filter(Boolean);

async function search() {
  const text = $("search").value.trim();
  if (!text) {
    refresh();
    return;
  }
  try {
    const { turns } = await connection.get(`memory/search?${new URLSearchParams({ text })}`);
    if (text !== $("search").value.trim()) return; // somebody types on
    const found = turns.map((one) => h("li", {}, h("div", {}, h("p", { class: "note" }, day(one.at)), turn(one))));
    $("memories").replaceChildren(list(found) ?? h("p", { class: "note" }, t("Nothing was found.")));
  } catch (error) {
    $("memories").replaceChildren(h("p", { class: "problem" }, error.message));
  }
}

// The first press asks, the second forgets.
function forget(what, title) {
  const button = h("button", { type: "button", class: "quiet", "aria-label": `${t("Forget")}: ${title}` }, t("Forget"));
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) {
      button.dataset.sure = "yes";
      button.textContent = t("Really?");
      button.setAttribute("aria-label", `${t("Really?")} ${t("Forget")}: ${title}`);
      return;
    }
    try {
      await connection.send("DELETE", `memory/${what}`);
      announce(t("Forgotten."));
    } catch (error) {
      announce(error.message);
      refresh();
    }
  });
  return button;
}
