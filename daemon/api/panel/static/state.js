// What the daemon is at, the microphone's level, and the switches.

import { $, announce } from "./dom.js";
import { t } from "./texts.js";

const NAMES = {
  loading: "Loading",
  listening: "Listening",
  hearing: "Hearing you",
  thinking: "Thinking",
  speaking: "Speaking",
  paused: "Letting you speak",
  classifying: "Letting you speak",
};
// The daemon's names for what it loads.
const LOADED = {
  whisper: "speech recognition",
  brain: "language model",
  voice: "voice",
  conversion: "voice",
  lips: "face",
  camera: "face",
};
const QUIETEST_DB = -60;
const LOUDEST_DB = -12;

let state = "loading";
let loading = "";
let muted = { microphone: false, camera: false };
let camera = false; // there is one

export function start(connection, run) {
  connection.addEventListener("hello", ({ detail: { status } }) => {
    muted = status.muted;
    camera = Boolean(status.devices.camera);
    show(status.state, status.loading ?? "");
  });
  connection.addEventListener("camera", ({ detail }) => {
    camera = detail.there;
    show(state, loading);
  });
  connection.addEventListener("state", ({ detail }) => show(detail.state));
  connection.addEventListener("loading", ({ detail }) => {
    if (!detail.live) show("loading", detail.what); // else it goes on listening meanwhile
  });
  connection.addEventListener("ready", () => show("listening"));
  connection.addEventListener("lost", () => show("loading"));
  connection.addEventListener("level", ({ detail }) => level(detail.level));
  connection.addEventListener("muted", ({ detail }) => {
    for (const what of ["microphone", "camera"]) {
      if (detail[what] !== muted[what]) announce(label(what, detail[what]));
    }
    muted = { microphone: detail.microphone, camera: detail.camera };
    show(state, loading);
  });
  for (const what of ["microphone", "camera"]) {
    $(what).addEventListener("click", () => run("POST", muted[what] ? "unmute" : "mute", { what }));
  }
  $("stop").addEventListener("click", () => run("POST", "stop-talking"));
  document.addEventListener("language", () => show(state, loading));
}

function show(now, what = "") {
  state = now;
  loading = what;
  const chip = $("state");
  chip.dataset.state = muted.microphone && now === "listening" ? "muted" : now;
  const text = chip.dataset.state === "muted" ? t("Microphone off") : t(NAMES[now]);
  const part = now === "loading" && LOADED[what];
  $("state-text").textContent = part ? t("{state}: {part}", { state: text, part: t(part) }) : text;
  $("stop").disabled = !["thinking", "speaking", "paused"].includes(now);
  for (const name of ["microphone", "camera"]) {
    $(name).setAttribute("aria-pressed", muted[name]);
    $(name).querySelector("span").textContent = label(name, muted[name]);
  }
}

const label = (what, off) =>
  what === "microphone"
    ? off ? t("Microphone is off") : t("Microphone is on")
    : off ? t("Camera is off") : camera ? t("Camera is on") : t("No camera");

function level(rms) {
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  const share = Math.min(1, Math.max(0, (db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)));
  $("level").firstElementChild.style.transform = `scaleX(${share.toFixed(3)})`;
  $("level").setAttribute("aria-valuenow", Math.round(share * 100));
}
