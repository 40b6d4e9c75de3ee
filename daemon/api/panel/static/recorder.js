// Records somebody with the browser's microphone, or takes a file; nothing is kept on the page.

import { announce, h } from "./dom.js";
import { t } from "./texts.js";

const MAX_MS = 60_000;
const LEAST_MS = 8000; // three sentences
// What the browser does to a voice for calls makes it less like itself.
const PLAIN = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } };

// Returns a button to record with, and one for files. take(sound) gets what came of either;
// quiet(on) is told while a recording lasts.
export function recorder(id, take, quiet) {
  let recording = null;
  const words = h("p", { class: "note", role: "status" });
  const button = h("button", { type: "button", class: "quiet", id: `${id}-record` }, t("Record"));
  const file = h("input", { type: "file", class: "hidden", id: `${id}-file`, accept: "audio/*,video/*" });
  const label = h("label", { class: "button", for: `${id}-file` }, t("Use a file"));
  async function hand(sound) {
    words.textContent = t("Listening to it …");
    await take(sound);
    words.textContent = "";
  }

  button.addEventListener("click", async () => {
    if (recording) {
      recording.stop();
      return;
    }
    recording = await begin(quiet);
    if (!recording) return;
    words.textContent = `${t("Read this aloud:")} ${t("The sun came out after the rain. I would like a cup of tea and a good book. On Sunday we will visit my grandmother in the country.")}`;
    button.textContent = t("Finished");
    button.setAttribute("aria-pressed", "true");
    const sound = await recording.sound;
    recording = null;
    words.textContent = "";
    button.textContent = t("Record");
    button.removeAttribute("aria-pressed");
    if (sound) await hand(sound);
  });
  file.addEventListener("change", async () => {
    if (file.files.length) await hand(file.files[0]);
    file.value = "";
  });
  return h("div", { class: "recorder" }, h("div", { class: "quick" }, button, file, label), words);
}

// Begins; returns what ends it and a promise of the sound, null if it was too short.
async function begin(quiet) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(PLAIN);
  } catch {
    announce(t("The browser provides no microphone. A file will do, too."));
    return null;
  }
  await quiet(true);
  const pieces = [];
  const machine = new MediaRecorder(stream);
  const began = performance.now();
  const sound = new Promise((resolve) => {
    machine.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    machine.addEventListener("stop", async () => {
      for (const track of stream.getTracks()) track.stop();
      await quiet(false);
      const whole = performance.now() - began >= LEAST_MS;
      if (!whole) announce(t("That was too short: read all of it."));
      resolve(whole ? new Blob(pieces, { type: machine.mimeType }) : null);
    });
  });
  const stop = () => machine.state === "recording" && machine.stop();
  setTimeout(stop, MAX_MS);
  machine.start();
  return { stop, sound };
}
