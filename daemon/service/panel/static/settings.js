// What can be chosen: each at once, or with a restart that is named.

import { $, announce, h } from "./dom.js";
import { t } from "./texts.js";

const FIELDS = [
  ["face.name", "Face"],
  ["voice.name", "Voice", { "": "its own" }],
  ["voice.english", "English voice"],
  ["voice.mandarin", "Mandarin voice"],
  ["voice.speed", "Pace", { min: 0.5, max: 2, step: 0.05 }],
  ["voice.volume", "Volume", { min: 0, max: 1, step: 0.05 }],
  ["ears.languages", "Languages it hears"],
  ["brain.model", "Brain", { auto: "the best that fits" }],
  ["dialogue.answer_when", "Answers"],
  ["ears.microphone", "Microphone", { "": "the system's" }],
  ["voice.loudspeaker", "Loudspeaker", { "": "the system's" }],
  ["camera.device", "Camera", { "": "the first that is free" }],
];
const LANGUAGES = [["en,zh", "English and Chinese"], ["en", "English"], ["zh", "Chinese"]];
const ANSWERS = [["always", "always"], ["addressed", "only when its name is said"]];

let told = null;
let people = null;
let connection = null;

export function start(line, run) {
  connection = line;
  const again = () => refresh();
  line.addEventListener("hello", ({ detail }) => detail.status.state !== "loading" && refresh());
  for (const event of ["ready", "settings", "persona"]) line.addEventListener(event, again);
  line.addEventListener("download", ({ detail }) => detail.state === "done" && refresh());
  document.addEventListener("language", () => (told ? refresh() : null));
  $("settings").addEventListener("change", (event) => {
    const { name } = event.target.dataset;
    if (event.target.id === "set-persona") appear(run, event.target.value);
    if (name) set(run, name, event.target);
  });
}

async function refresh() {
  try {
    told = await connection.ask({ do: "choices" });
    people = await connection.ask({ do: "personas" });
  } catch {
    return; // it loads; "ready" comes
  }
  draw();
}

async function appear(run, name) {
  if (await run({ do: "persona", name })) announce(t("In force."));
  await refresh();
  $("set-persona")?.focus();
}

async function set(run, name, control) {
  let value = control.type === "range" ? Number(control.value) : control.value;
  if (name === "ears.languages") value = value.split(",");
  control.disabled = true;
  const answer = await run({ do: "set", name, value });
  control.disabled = false;
  if (answer) {
    announce(answer.needs_restart.length ? t("Waits for a restart.") : t("In force."));
  }
  await refresh(); // a refused choice goes back
  $(control.id)?.focus();
}

function draw() {
  const focused = document.activeElement?.id;
  const known = FIELDS.filter(([name]) => name in told.values);
  const fields = known.map(([name, label, more]) => field(name, label, more ?? {}));
  $("settings").replaceChildren(answering(), ...fields, persona());
  if (focused?.startsWith("set-")) $(focused)?.focus();
  pending();
}

function field(name, label, more) {
  const id = `set-${name.replace(".", "-")}`;
  const value = told.values[name];
  const control = "min" in more ? range(id, name, value, more) : select(id, name, value, more);
  const live = told.live.includes(name);
  return h("div", { class: "field" },
    h("label", { for: id }, t(label)),
    control,
    h("p", { class: "when", id: `${id}-when` }, when(name, live)));
}

function when(name, live) {
  const waiting = told.waiting.includes(name) || (name === "brain.model" && told.waiting.includes("brain.kind"));
  if (waiting) return t("waits for a restart");
  return live ? t("at once") : t("with a restart");
}

function select(id, name, value, words) {
  let options = (told.options[name] ?? []).map((entry) => [entry.value, words[entry.value] ? t(words[entry.value]) : entry.label]);
  if (name === "ears.languages") options = LANGUAGES.map(([key, text]) => [key, t(text)]);
  if (name === "dialogue.answer_when") options = ANSWERS.map(([key, text]) => [key, t(text)]);
  const now = name === "ears.languages" ? [...value].sort().join(",") : value;
  return h("select", { id, "data-name": name, "aria-describedby": `${id}-when` },
    options.map(([key, text]) => h("option", { value: key, selected: key === now }, text)));
}

function range(id, name, value, { min, max, step }) {
  const shown = h("output", { for: id }, value.toFixed(2));
  const slider = h("input", {
    type: "range", id, "data-name": name, min, max, step, value, "aria-describedby": `${id}-when`,
    oninput: (event) => (shown.textContent = Number(event.target.value).toFixed(2)),
  });
  return h("div", { class: "range" }, slider, shown);
}

function answering() {
  return h("div", { class: "field broad" },
    h("label", { for: "set-persona" }, t("Who answers")),
    h("select", { id: "set-persona", "aria-describedby": "set-persona-when" },
      people.personas.map(({ id, name, description }) =>
        h("option", { value: id, selected: id === people.persona }, description ? `${name} · ${description}` : name))),
    h("p", { class: "when", id: "set-persona-when" }, t("at once")));
}

function persona() {
  return h("div", { class: "field broad" },
    h("label", { for: "set-brain-persona" }, t("Who it is")),
    h("textarea", { id: "set-brain-persona", "data-name": "brain.persona", rows: 4, maxlength: 4000,
      "aria-describedby": "set-brain-persona-when" }, told.values["brain.persona"]),
    h("p", { class: "when", id: "set-brain-persona-when" }, t("at once, when you leave the box")));
}

function pending() {
  const parts = [];
  if (told.waiting.length) {
    parts.push(h("p", {}, t("Waits for a restart, which takes a few seconds: {names}", { names: told.waiting.join(", ") })),
      h("button", { type: "button", class: "primary", onclick: () => act("restart") }, t("Restart now")));
  }
  if (told.unkept.length) {
    parts.push(h("p", {}, t("Until the next start only: {names}", { names: told.unkept.join(", ") })),
      h("button", { type: "button", onclick: () => act("keep") }, t("Keep in the settings")));
  }
  $("pending").replaceChildren(...parts);
}

async function act(what) {
  try {
    const answer = await connection.ask({ do: what });
    if (what === "keep") announce(t("Kept in {path}.", answer));
    await refresh();
  } catch (error) {
    $("pending").append(h("p", { class: "problem", role: "alert" }, error.message, " ", h("code", {}, error.fix)));
  }
}
