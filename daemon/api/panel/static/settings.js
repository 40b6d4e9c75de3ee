// What can be chosen: each at once, or with a restart that is named.

import { $, announce, h } from "./dom.js";
import { t } from "./texts.js";

// Where on the page a setting belongs: some by name, the others by their table in the file.
const DEVICES = ["ears.microphone", "voice.loudspeaker", "camera.device"];
const PICTURE = [
  "face.expressiveness",
  "face.background",
  "face.subtitles",
  "face.signs",
  "face.mirror",
];
const FOLDED = "More about the picture"; // which few need
const GROUPS = [
  ["Appearance and voice", ["face", "voice"]],
  ["Listening and answering", ["ears", "dialogue", "brain"]],
  ["Devices", []],
  [FOLDED, []],
  ["More", []],
];
const ELSEWHERE = ["brain.persona", "memory.keep"]; // these have places of their own
const BROAD = ["brain.model"];
const STEPS = 40; // of a slider

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
    told = await connection.get("settings");
    people = await connection.get("personas");
  } catch {
    return; // it loads; "ready" comes
  }
  draw();
}

async function appear(run, name) {
  if (await run("PUT", "persona", { name })) announce(t("In force."));
  await refresh();
  $("set-persona")?.focus();
}

async function set(run, name, control) {
  const value = { range: () => Number(control.value), checkbox: () => control.checked }[control.type]?.() ?? control.value;
  control.disabled = true;
  const answer = await run("PATCH", "settings", { name, value });
  control.disabled = false;
  if (answer) {
    announce(answer.needs_restart.length ? t("Waits for a restart.") : t("In force."));
  }
  await refresh(); // a refused choice goes back
  $(control.id)?.focus();
}

const entry = (name) => told.settings.find((one) => one.name === name);

function place({ name }) {
  if (ELSEWHERE.includes(name)) return "";
  if (DEVICES.includes(name)) return "Devices";
  if (PICTURE.includes(name)) return FOLDED;
  return GROUPS.find(([, sections]) => sections.includes(name.split(".")[0]))?.[0] ?? "More";
}

function draw() {
  const focused = document.activeElement?.id;
  $("settings").replaceChildren(
    group("Who answers", [answering(), persona()]),
    ...GROUPS.map(([title]) => [title, told.settings.filter((one) => place(one) === title)])
      .filter(([, found]) => found.length)
      .map(([title, found]) => group(title, found.map(field))));
  if (focused?.startsWith("set-")) $(focused)?.focus();
  pending();
}

function group(title, fields) {
  const shown = h("div", { class: "fields" }, fields);
  if (title !== FOLDED) return h("section", {}, h("h3", {}, t(title)), shown);
  return h("details", { id: "settings-folded", open: $("settings-folded")?.open }, h("summary", {}, t(title)), shown);
}

function field(one) {
  const id = `set-${one.name.replace(".", "-")}`;
  return h("div", { class: BROAD.includes(one.name) ? "field broad" : "field" },
    h("label", { for: id }, one.label),
    control(id, one),
    h("p", { class: "when", id: `${id}-when` }, when(one)));
}

function when({ name, live, persona_sets: owned }) {
  if (owned) return t("as {name} has it", { name: told.persona });
  const waiting = told.waiting.includes(name) || (name === "brain.model" && told.waiting.includes("brain.kind"));
  if (waiting) return t("waits for a restart");
  return live ? t("at once") : t("with a restart");
}

// What changes a setting, by what it can be.
function control(id, one) {
  const shared = { id, "data-name": one.name, disabled: one.persona_sets, "aria-describedby": `${id}-when` };
  if (one.options.length) {
    return h("select", shared, one.options.map(({ value, label }) =>
      h("option", { value, selected: value === one.value }, label)));
  }
  if (typeof one.value === "boolean") return h("input", { ...shared, type: "checkbox", checked: one.value });
  if (one.least !== null && one.most !== null) return range(shared, one);
  return h("input", { ...shared, type: typeof one.value === "number" ? "number" : "text", value: one.value });
}

function range(shared, { value, least, most, whole }) {
  const digits = whole ? 0 : 2;
  const shown = h("output", { for: shared.id }, value.toFixed(digits));
  const slider = h("input", {
    ...shared, type: "range", min: least, max: most, step: whole ? 1 : (most - least) / STEPS, value,
    oninput: (event) => (shown.textContent = Number(event.target.value).toFixed(digits)),
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
  const one = entry("brain.persona");
  return h("div", { class: "field broad" },
    h("label", { for: "set-brain-persona" }, one.label),
    h("textarea", { id: "set-brain-persona", "data-name": "brain.persona", rows: 4, maxlength: 4000,
      disabled: one.persona_sets, "aria-describedby": "set-brain-persona-when" }, one.value),
    h("p", { class: "when", id: "set-brain-persona-when" },
      one.persona_sets ? when(one) : t("at once, when you leave the box")));
}

// Words for settings; those that only the file has are counted.
function labels(names) {
  const label = (name) => (name === "persona.name" ? t("Who answers") : entry(name === "brain.kind" ? "brain.model" : name)?.label);
  const known = [...new Set(names.map(label).filter(Boolean))];
  const others = names.filter((name) => !label(name)).length;
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
      h("button", { type: "button", onclick: () => act("settings/keep") }, t("Keep in the settings")));
  }
  $("pending").replaceChildren(...parts);
}

async function act(what) {
  try {
    const answer = await connection.send("POST", what);
    if (what === "settings/keep") announce(t("Kept in {path}.", answer));
    await refresh();
  } catch (error) {
    $("pending").append(h("p", { class: "problem", role: "alert" }, error.message, " ", h("code", {}, error.fix)));
  }
}
