// The models: which are there, and fetching the others.

import { $, announce, h } from "./dom.js";
import { size, t } from "./texts.js";

const LICENCES = { "non-commercial": "not for commerce", unknown: "licence unknown" }; // the others have names
const STATES = { ready: "there", missing: "not there", damaged: "damaged" };

let models = [];
let connection = null;
const downloads = new Map();

export function start(line, run) {
  connection = line;
  line.addEventListener("hello", ({ detail }) => {
    downloads.clear();
    for (const entry of detail.downloads) downloads.set(entry.name, entry);
    if (detail.status.state !== "loading") refresh(run);
  });
  line.addEventListener("ready", () => refresh(run));
  line.addEventListener("download", ({ detail }) => take(detail, run));
  document.addEventListener("language", () => (models.length ? refresh(run) : null));
}

async function refresh(run) {
  try {
    ({ models } = await connection.get("models"));
  } catch {
    return; // it loads
  }
  // What nobody needs who has not looked for it is out of the way: two dozen of them.
  const more = models.filter((model) => !model.default && model.state === "missing");
  const places = (some) => some.map(({ name }) => h("li", { id: `model-${name}` }));
  $("models").replaceChildren(...places(models.filter((model) => !more.includes(model))));
  $("other-models").replaceChildren(...places(more));
  $("more-models").hidden = more.length === 0;
  models.forEach((model) => draw(model, run));
}

function take(entry, run) {
  downloads.set(entry.name, entry);
  const model = models.find(({ name }) => name === entry.name);
  if (model) draw(model, run);
  if (entry.state === "done" || entry.state === "failed") {
    announce(entry.state === "done" ? t("{name} is there.", entry) : entry.text);
  }
  if (entry.state === "done") refresh(run);
}

function draw(model, run) {
  const place = $(`model-${model.name}`);
  const entry = downloads.get(model.name);
  const busy = entry && ["waiting", "under way"].includes(entry.state);
  const focused = place.contains(document.activeElement);
  const parts = [
    h("div", { class: "model" },
      h("p", { class: "name" }, model.name,
        h("span", { class: `tag ${model.state}` }, t(STATES[model.state]))),
      h("p", { class: "note" }, `${model.description} · ${size(model.size)} · ${t(LICENCES[model.licence] ?? model.licence)}`),
      model.restriction && model.state !== "ready" ? h("p", { class: "note strong" }, model.restriction) : null,
      busy ? progress(model, entry) : null,
      entry?.state === "failed" ? h("p", { class: "problem" }, entry.text) : null),
    model.state === "ready" ? null : button(model, busy, run),
  ];
  place.replaceChildren(...parts.filter(Boolean));
  if (focused) place.querySelector("button")?.focus();
}

function progress(model, entry) {
  const known = entry.total > 0;
  const text = known ? `${size(entry.done)} / ${size(entry.total)}` : t("waiting");
  return h("div", { class: "progress" },
    h("progress", { "aria-label": model.name, ...(known ? { max: entry.total, value: entry.done } : {}) }),
    h("span", {}, text));
}

function button(model, busy, run) {
  const label = busy ? t("Stop") : model.restriction ? t("Accept and fetch") : t("Fetch");
  const path = `models/${encodeURIComponent(model.name)}/pull`;
  const request = busy ? ["DELETE", path] : ["POST", path, { accept_license: Boolean(model.restriction) }];
  return h("button", {
    type: "button", "aria-label": `${label}: ${model.name}`, disabled: !busy && !model.fetchable,
    onclick: () => run(...request),
  }, label);
}
