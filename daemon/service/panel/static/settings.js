// What can be chosen: each at once, or with a restart that is named.

import { $, announce, h } from "./dom.js";
import { t } from "./texts.js";

// What is chosen, in the order of the page: name, label, and a slider's range or words for values.
const GROUPS = [
  ["Appearance and voice", [
    ["face.name", "Face", { default: "the drawn one" }],
    ["voice.name", "Voice", { "": "its own" }],
    ["voice.english", "English voice"],
    ["voice.mandarin", "Mandarin voice"],
    ["voice.speed", "Pace", { min: 0.5, max: 2, step: 0.05 }],
    ["voice.volume", "Volume", { min: 0, max: 1, step: 0.05 }],
  ]],
  ["Listening and answering", [
    ["ears.languages", "Languages it hears"],
    ["dialogue.answer_when", "Answers"],
    ["brain.model", "Brain", { auto: "the best that fits" }],
  ]],
  ["Devices", [
    ["ears.microphone", "Microphone", { "": "the system's" }],
    ["voice.loudspeaker", "Loudspeaker", { "": "the system's" }],
    ["camera.device", "Camera", { "": "the first that is free" }],
  ]],
];
const LABELS = {
  "persona.name": "Who answers",
  "brain.persona": "Who it is",
  "brain.kind": "Brain",
  "memory.keep": "Memory",
  ...Object.fromEntries(GROUPS.flatMap(([, fields]) => fields.map(([name, label]) => [name, label]))),
};
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
  $("settings").replaceChildren(
    group("Who answers", [answering(), persona()]),
    ...GROUPS.map(([title, fields]) => group(title, fields
      .filter(([name]) => name in told.values)
      .map(([name, label, more]) => field(name, label, more ?? {})))));
  if (focused?.startsWith("set-")) $(focused)?.focus();
  pending();
}

const group = (title, fields) => h("section", {}, h("h3", {}, t(title)), h("div", { class: "fields" }, fields));

function field(name, label, more) {
  const id = `set-${name.replace(".", "-")}`;
  const value = told.values[name];
  const control = "min" in more ? range(id, name, value, more) : select(id, name, value, more);
  return h("div", { class: name === "brain.model" ? "field broad" : "field" },
    h("label", { for: id }, t(label)),
    control,
    h("p", { class: "when", id: `${id}-when` }, when(name)));
}

const owned = (name) => told.persona_sets.includes(name);

function when(name) {
  if (owned(name)) return t("as {name} has it", { name: told.persona });
  const waiting = told.waiting.includes(name) || (name === "brain.model" && told.waiting.includes("brain.kind"));
  if (waiting) return t("waits for a restart");
  return told.live.includes(name) ? t("at once") : t("with a restart");
}

function select(id, name, value, words) {
  let options = (told.options[name] ?? []).map((entry) => [entry.value, words[entry.value] ? t(words[entry.value]) : entry.label]);
  if (name === "ears.languages") options = LANGUAGES.map(([key, text]) => [key, t(text)]);
  if (name === "dialogue.answer_when") options = ANSWERS.map(([key, text]) => [key, t(text)]);
  const now = name === "ears.languages" ? [...value].sort().join(",") : value;
  return h("select", { id, "data-name": name, disabled: owned(name), "aria-describedby": `${id}-when` },
    options.map(([key, text]) => h("option", { value: key, selected: key === now }, text)));
}

function range(id, name, value, { min, max, step }) {
  const shown = h("output", { for: id }, value.toFixed(2));
  const slider = h("input", {
    type: "range", id, "data-name": name, min, max, step, value, disabled: owned(name), "aria-describedby": `${id}-when`,
    oninput: (event) => (shown.textContent = Number(event.target.value).toFixed(2)),
  });
  return h("div", { class: "range" }, slider, shown);
}

function answering() {
  return h("div", { class: "field broad" },
    h("label", { for: "set-persona" }, t("Persona")),
    h("select", { id: "set-persona", "aria-describedby": "set-persona-when" },
      people.personas.map(({ id, name, description }) =>
        h("option", { value: id, selected: id === people.persona }, description ? `${name} · ${description}` : name))),
    h("p", { class: "when", id: "set-persona-when" }, t("at once")));
}

function persona() {
  return h("div", { class: "field broad" },
    h("label", { for: "set-brain-persona" }, t("Who it is")),
    h("textarea", { id: "set-brain-persona", "data-name": "brain.persona", rows: 4, maxlength: 4000,
      disabled: owned("brain.persona"),
      "aria-describedby": "set-brain-persona-when" }, told.values["brain.persona"]),
    h("p", { class: "when", id: "set-brain-persona-when" }, 
      owned("brain.persona") ? when("brain.persona") : t("at once, when you leave the box")));
}

// Words for settings; those that only the file has are counted.
function labels(names) {
  const known = [...new Set(names.filter((name) => LABELS[name]).map((name) => t(LABELS[name])))];
  const others = names.filter((name) => !LABELS[name]).length;
  if (others) known.push(t("{count} more from the settings file", { count: others }));
  return known.join(t(", "));
}

function pending() {
  const parts = [];
  if (told.waiting.length) {
    parts.push(h("p", {}, t("Waits for a restart, which takes a few seconds: {names}", { names: labels(told.waiting) })),
      h("button", { type: "button", class: "primary", onclick: () => act("restart") }, t("Restart now")));
  }
  if (told.unkept.length) {
    parts.push(h("p", {}, t("Until the next start only: {names}", { names: labels(told.unkept) })),
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
