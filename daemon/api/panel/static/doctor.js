// What the doctor finds, the worst first, each with what mends it.

import { $, h } from "./dom.js";
import { t } from "./texts.js";

const ORDER = ["error", "warning", "note", "ok"];
const LEVELS = { error: "does not work", warning: "works less well", note: "worth knowing", ok: "in order" };

// What the doctor looked at, as it calls it.
const PLACES = {
  "sound server": "sound server",
  "sound card": "sound card",
  "portaudio": "PortAudio",
  "camera module": "camera module",
  "camera options": "camera options",
  "camera": "camera",
  "daemon": "daemon",
  "loudspeaker": "loudspeaker",
  "microphone": "microphone",
  "memory": "main memory",
  "disk": "disk",
  "echo": "echo",
  "library": "library",
  "linger": "start before logging in",
  "mandarin": "mandarin",
  "model": "model",
  "privacy": "privacy",
  "processor": "processor",
  "python": "Python",
  "secure boot": "secure boot",
  "service": "service",
  "graphics": "graphics",
};

export function start(connection) {
  const button = $("examine");
  let looked = false;
  document.addEventListener("language", () => looked && button.click()); // it speaks both
  button.addEventListener("click", async () => {
    looked = true;
    button.disabled = true;
    $("findings").replaceChildren(h("p", { class: "note" }, t("Looking …")));
    try {
      show((await connection.send("POST", "doctor")).findings);
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
    h("p", {}, h("span", { class: `tag ${level}` }, t(LEVELS[level])), h("strong", {}, t(PLACES[name] ?? name)), ` ${text}`),
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
