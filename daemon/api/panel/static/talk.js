// The conversation, and the box to type into.

import { $, announce, h, quiet } from "./dom.js";
import { clock, t } from "./texts.js";

const exchanges = new Map();
const OUTCOMES = { calling: "at work", done: "done", failed: "did not work", late: "did not answer", refused: "not allowed", cancelled: "cancelled" };
const ENDS = { interrupted: "interrupted", failed: "something went wrong" };

export function start(connection, run) {
  connection.addEventListener("hello", ({ detail }) => {
    clear();
    detail.talk.forEach(show);
    down();
  });
  connection.addEventListener("exchange", ({ detail }) => take(detail));
  connection.addEventListener("gone", ({ detail }) => remove(detail.number));
  connection.addEventListener("cleared", () => {
    clear();
    quiet();
  });
  connection.addEventListener("hearing", ({ detail }) => hearing(detail.text));
  document.addEventListener("language", () => [...exchanges.values()].forEach(({ said }) => show(said)));
  $("new").addEventListener("click", () => run("POST", "new-conversation"));
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send(run);
  });
  $("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send(run);
    }
  });
  $("question").addEventListener("input", grow);
}

function grow() {
  const box = $("question");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
}

async function send(run) {
  const box = $("question");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  grow();
  const done = await run("POST", "ask", { text });
  if (!done && !box.value) {
    box.value = text; // nobody has to type it again
    grow();
  }
}

function take(said) {
  const before = exchanges.get(said.number)?.said;
  const following = near();
  show(said);
  if (following) down();
  if (said.question && said.question !== before?.question && !said.typed) {
    announce(t("You: {text}", { text: said.question }));
  }
  if (said.end && !before?.end) announce(said.answer || t(ENDS[said.end] ?? ""));
}

function show(said) {
  $("nothing").hidden = true;
  let item = exchanges.get(said.number)?.item;
  if (!item) {
    item = h("li", {});
    $("exchanges").append(item);
  }
  exchanges.set(said.number, { said, item });
  const time = new Date(said.when * 1000).toISOString();
  const parts = [];
  if (said.question) {
    const note = said.typed ? t("typed") : t("spoken");
    parts.push(
      h("div", { class: "asked" },
        h("p", { class: "who" }, `${t("You")} · `, h("time", { datetime: time }, clock(said.when)), ` · ${note}`),
        h("p", { class: "words" }, said.question)),
    );
  }
  const empty = !said.answer && !said.coming && said.end && !said.problem;
  const end = empty ? ` · ${t("no answer")}` : ENDS[said.end] ? ` · ${t(ENDS[said.end])}` : "";
  const words = h("p", { class: "words" }, said.answer);
  if (said.coming) words.append(h("span", { class: "coming" }, said.coming));
  if (!said.answer && !said.coming && !said.end) words.append(h("span", { class: "dots" }, "···"));
  const problem = said.problem && h("details", { class: "wrong" }, h("summary", {}, t("What went wrong")), h("p", {}, said.problem));
  parts.push(
    h("div", { class: "answered" },
      h("p", { class: "who" }, `${said.who || "Digital Life"}${end}`),
      said.tools.map(tool),
      words.textContent ? words : null,
      problem || null),
  );
  item.replaceChildren(...parts);
}

function tool({ tool, server, outcome }) {
  const whose = server && ` (${server})`;
  return h("p", { class: `tool ${outcome}` }, t("Tool: {tool}", { tool: `${tool}${whose}` }), ` · ${t(OUTCOMES[outcome])}`);
}

function hearing(text) {
  const following = near();
  $("hearing").hidden = !text;
  $("hearing").textContent = text && `${text} …`;
  if (text) $("nothing").hidden = true;
  if (following) down();
}

function remove(number) {
  exchanges.get(number)?.item.remove();
  exchanges.delete(number);
}

function clear() {
  exchanges.clear();
  $("exchanges").replaceChildren();
  $("nothing").hidden = false;
}

const near = () => $("scroll").scrollHeight - $("scroll").scrollTop - $("scroll").clientHeight < 80;

function down() {
  $("scroll").scrollTop = $("scroll").scrollHeight;
}
