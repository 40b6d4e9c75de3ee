// What the doctor finds, the worst first, each with what mends it.

import { $, h } from "./dom.js";
import { t } from "./texts.js";

const ORDER = ["error", "warning", "note", "ok"];
const LEVELS = { error: "does not work", warning: "works less well", note: "worth knowing", ok: "in order" };

export function start(connection) {
  const button = $("examine");
  let looked = false;
  document.addEventListener("language", () => looked && button.click()); // it speaks both
  button.addEventListener("click", async () => {
    looked = true;
    button.disabled = true;
    $("findings").replaceChildren(h("p", { class: "note" }, t("Looking …")));
    try {
      show((await connection.ask({ do: "examine" })).findings);
    } catch (error) {
      $("findings").replaceChildren(h("p", { class: "problem" }, error.message));
    }
    button.disabled = false;
  });
}

function show(findings) {
  const sorted = findings.toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  const bad = sorted.filter(({ level }) => level !== "ok");
  const good = sorted.filter(({ level }) => level === "ok");
  $("findings").replaceChildren(
    bad.length ? h("ul", { class: "findings" }, bad.map(finding)) : h("p", {}, t("All is well.")),
    h("details", {},
      h("summary", {}, t("{count} in order", { count: good.length })),
      h("ul", { class: "findings" }, good.map(finding))));
}

function finding({ level, name, text, why, fix }) {
  return h("li", { class: level },
    h("p", {}, h("span", { class: `tag ${level}` }, t(LEVELS[level])), h("strong", {}, name), ` ${text}`),
    why ? h("p", { class: "note" }, why) : null,
    fix ? h("div", { class: "fix" }, h("code", {}, fix), copy(fix)) : null);
}

function copy(text) {
  return h("button", {
    type: "button", class: "quiet", "aria-label": `${t("Copy")}: ${text}`,
    onclick: async (event) => {
      const button = event.target;
      await navigator.clipboard.writeText(text);
      button.textContent = t("Copied");
    },
  }, t("Copy"));
}
