// The plain voices: whose language and sex they are, a sample of each, and choosing one.

import { $, announce, h } from "./dom.js";
import { current, t } from "./texts.js";

const ENGINES = { kokoro: "Kokoro", piper: "Piper", fastspeech2: "FastSpeech 2", espeak: "eSpeak NG" };
const SEXES = { female: "female", male: "male" };

let voices = [];
let connection = null;
let player = null;
let playing = ""; // the voice whose sample is heard, or made

export function start(line, run) {
  connection = line;
  line.addEventListener("hello", ({ detail }) => detail.status.state !== "loading" && refresh(run));
  for (const event of ["ready", "settings", "persona"]) line.addEventListener(event, () => refresh(run));
  line.addEventListener("download", ({ detail }) => detail.state === "done" && refresh(run));
  document.addEventListener("language", () => (voices.length ? draw(run) : null));
  $("voice-language").addEventListener("change", () => draw(run));
}

async function refresh(run) {
  try {
    ({ voices } = await connection.get("voices"));
  } catch {
    return; // it loads
  }
  $("all-voices").hidden = !voices.length;
  draw(run);
}

function draw(run) {
  const choice = $("voice-language");
  const wanted = choice.value || current();
  const codes = [...new Set(voices.map(({ language }) => language))];
  choice.replaceChildren(...codes.map((code) => h("option", { value: code, selected: code === wanted }, named(code))));
  const focused = document.activeElement?.id;
  $("voices").replaceChildren(...voices.filter(({ language }) => language === choice.value).map((voice) => item(voice, run)));
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus();
}

const named = (code) => new Intl.DisplayNames([current()], { type: "language" }).of(code);

function item(voice, run) {
  const tags = voice.in_use ? [h("span", { class: "tag ready" }, t("in use"))] : voice.there ? [] : [h("span", { class: "tag missing" }, t("not there"))];
  const speed = voice.real_time_factor == null ? "" : t("{seconds} s for one of speech", { seconds: voice.real_time_factor.toFixed(2) });
  const facts = [ENGINES[voice.engine], voice.sex && t(SEXES[voice.sex]), voice.licence, speed].filter(Boolean).join(" · ");
  const id = `voice-${voice.name.replace(/[^\w-]/g, "-")}`;
  const heard = playing === voice.name;
  return h("li", {},
    h("div", { class: "model" },
      h("p", { class: "name" }, voice.name, ...tags),
      h("p", { class: "note" }, facts),
      voice.restriction ? h("p", { class: "note" }, voice.restriction) : null),
    h("button", { type: "button", class: "quiet", id: `${id}-play`, disabled: !voice.there, "aria-label": `${heard ? t("Stop") : t("Listen")}: ${voice.name}`, onclick: () => play(voice, run) }, heard ? t("Stop") : t("Listen")),
    h("button", { type: "button", id: `${id}-use`, disabled: !voice.there || voice.in_use, "aria-label": `${t("Use")}: ${voice.name}`, onclick: () => use(voice, run) }, t("Use")));
}

function play(voice, run) {
  const again = playing === voice.name;
  player?.pause();
  playing = again ? "" : voice.name;
  if (!again) {
    player = new Audio(`/v1/voices/${encodeURIComponent(voice.name)}/sample`);
    const over = () => {
      if (playing !== voice.name) return;
      playing = "";
      draw(run);
    };
    player.addEventListener("ended", over);
    player.addEventListener("error", () => {
      over();
      announce(t("{name} cannot be heard just now.", voice));
    });
    player.play().catch(() => {}); // "error" tells
  }
  draw(run);
}

async function use(voice, run) {
  if (await run("PUT", "voice", { name: voice.name })) announce(t("In force."));
  await refresh(run);
}
