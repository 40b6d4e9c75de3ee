// Those it knows by voice: introduced by a recording, changed, forgotten.

import { $, announce, h } from "./dom.js";
import { recorder } from "./recorder.js";
import { current, t } from "./texts.js";

const MICROPHONE = { what: "microphone" };

let connection = null;
let ask = null;
let people = [];
let personas = [];
let languages = [];

export function start(line, run) {
  connection = line;
  ask = run;
  line.addEventListener("hello", ({ detail }) => detail.status.state !== "loading" && refresh());
  for (const event of ["ready", "people", "settings"]) line.addEventListener(event, refresh);
  document.addEventListener("language", () => $("people-area").hidden || draw());
  addEventListener("pagehide", left);
}

async function refresh() {
  try {
    const [known, answering, told] = await Promise.all(["people", "personas", "settings"].map((path) => connection.get(path)));
    people = known.people;
    personas = answering.personas;
    languages = told.settings.find(({ name }) => name === "ears.languages").value.split(",");
  } catch {
    return; // it loads
  }
  draw();
}

function draw() {
  $("people-area").hidden = false;
  if ($("people-area").querySelector(".recorder [aria-pressed]")) return; // it goes on
  $("person-recorder").replaceChildren(recorder("person", introduce, hush));
  const focused = document.activeElement?.id;
  const open = [...$("people").querySelectorAll("details[open]")].map(({ id }) => id);
  $("people").replaceChildren(...people.map(item));
  for (const id of open) $(id)?.setAttribute("open", "");
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus();
}

// It must not answer what is read to be recorded, and hears again also if the page is left.
let hushed = false;

async function hush(on) {
  if (on && $("microphone").getAttribute("aria-pressed") === "true") return; // it is off anyway
  if (on === hushed) return;
  hushed = on;
  await ask("POST", on ? "mute" : "unmute", MICROPHONE);
}

function left() {
  const body = new Blob([JSON.stringify(MICROPHONE)], { type: "application/json" });
  if (hushed) navigator.sendBeacon("/v1/unmute", body);
}

async function introduce(sound) {
  const name = $("person-name").value.trim();
  if (!name) {
    announce(t("Whose voice is it? Enter the name first."));
    $("person-name").focus();
    return;
  }
  const person = await ask("POST", `people?${new URLSearchParams({ name })}`, sound);
  if (!person) return;
  announce(t("{name} is known by voice from now on.", person));
  $("person-name").value = "";
  $("introduce").open = false;
}

const named = (code) => new Intl.DisplayNames([current()], { type: "language" }).of(code);

function item(person) {
  const id = `person-${person.number}`;
  const tags = [
    person.owner ? h("span", { class: "tag ready" }, t("owner")) : null,
    person.outdated ? h("span", { class: "tag warning" }, t("to be recorded again")) : null,
  ];
  const facts = [
    personas.find((one) => one.id === person.persona)?.name ?? person.persona,
    person.language && named(person.language),
    person.tools ? "" : t("no tools"),
  ].filter(Boolean).join(" · ");
  const change = (values) => ask("PATCH", `people/${person.number}`, values);
  return h("li", {},
    h("p", { class: "name" }, person.name, ...tags),
    facts ? h("p", { class: "note" }, facts) : null,
    h("details", { id: `${id}-more` },
      h("summary", { "aria-label": `${t("Change")}: ${person.name}` }, t("Change")),
      h("div", { class: "fields" },
        text(`${id}-name`, t("Name"), person.name, (name) => change({ name })),
        choice(`${id}-persona`, t("Who answers"), person.persona, [["", t("whoever answers everybody")], ...personas.map((one) => [one.id, one.name])], (persona) => change({ persona })),
        choice(`${id}-language`, t("Language"), person.language, [["", t("as they speak")], ...languages.map((code) => [code, named(code)])], (language) => change({ language })),
        tick(`${id}-tools`, t("Tools may be called for them"), person.tools, (tools) => change({ tools })),
        tick(`${id}-owner`, t("It is their computer"), person.owner, (owner) => change({ owner }))),
      recorder(id, (sound) => more(person, sound), hush),
      forget(person)));
}

async function more(person, sound) {
  if (await ask("POST", `people/${person.number}/recordings`, sound)) announce(t("Added to what it knows of this voice."));
}

function text(id, label, value, changed) {
  const field = h("input", { type: "text", id, maxlength: 40, value, onchange: () => changed(field.value).then((done) => done || refresh()) });
  return h("div", { class: "field broad" }, h("label", { for: id }, label), field);
}

function choice(id, label, value, options, changed) {
  const known = options.some(([option]) => option === value) ? options : [...options, [value, value]];
  return h("div", { class: "field" }, h("label", { for: id }, label),
    h("select", { id, onchange: ({ target }) => changed(target.value).then((done) => done || refresh()) },
      known.map(([option, shown]) => h("option", { value: option, selected: option === value }, shown))));
}

function tick(id, label, checked, changed) {
  return h("div", { class: "field" },
    h("input", { type: "checkbox", id, checked, onchange: ({ target }) => changed(target.checked).then((done) => done || refresh()) }), " ",
    h("label", { for: id }, label));
}

// The first press asks, the second forgets.
function forget({ number, name }) {
  const button = h("button", { type: "button", class: "quiet", "aria-label": `${t("Forget")}: ${name}` }, t("Forget"));
  const becomes = (sure) => {
    button.dataset.sure = sure ? "yes" : "";
    button.textContent = sure ? t("Really? All that was kept of what they said goes, too.") : t("Forget");
    button.setAttribute("aria-label", `${button.textContent} ${name}`);
  };
  button.addEventListener("blur", () => becomes(false));
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) becomes(true);
    else if (await ask("DELETE", `people/${number}`)) announce(t("Forgotten."));
  });
  return button;
}
