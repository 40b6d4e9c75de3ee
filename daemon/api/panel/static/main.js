// Joins the parts of the page to the daemon.

import * as chart from "./chart.js";
import { Connection } from "./connection.js";
import * as doctor from "./doctor.js";
import { $, h } from "./dom.js";
import * as hold from "./hold.js";
import * as lists from "./lists.js";
import * as memory from "./memory.js";
import * as models from "./models.js";
import * as pages from "./pages.js";
import * as people from "./people.js";
import * as picture from "./picture.js";
import * as settings from "./settings.js";
import * as sound from "./sound.js";
import * as state from "./state.js";
import * as talk from "./talk.js";
import * as timers from "./timers.js";
import { current, t, translate, use } from "./texts.js";
import * as voices from "./voices.js";

const THEME = "digital-life-theme";

const connection = new Connection();

// Asks; what is refused is shown with its remedy, and comes back as null.
async function run(method, path, body) {
  $("problem").hidden = true;
  try {
    return await connection.send(method, path, body);
  } catch (error) {
    if (error.message) {
      $("problem").replaceChildren(error.message, " ", error.fix ? h("code", {}, error.fix) : "");
      $("problem").hidden = false;
    }
    return null;
  }
}

function theme(wanted) {
  document.documentElement.dataset.theme = wanted;
  $("theme").value = wanted;
  localStorage.setItem(THEME, wanted);
}

let lost = null;
let startCommand = "digital-life run";

function trouble() {
  $("trouble").hidden = !lost;
  if (!lost) return;
  const [text, command] = lost.known
    ? [t("Digital Life does not answer. This starts it:"), startCommand]
    : [t("This page needs a new link:"), "digital-life panel"];
  $("trouble").replaceChildren(text, " ", h("code", {}, command));
}

theme(localStorage.getItem(THEME) ?? "auto");
$("theme").addEventListener("change", (event) => theme(event.target.value));
$("language").addEventListener("click", () => use(current() === "zh" ? "en" : "zh"));
document.addEventListener("language", () => {
  $("language").textContent = current() === "zh" ? "English" : "中文";
  $("language").lang = current() === "zh" ? "en" : "zh-CN";
  trouble();
});
connection.addEventListener("hello", ({ detail }) => {
  lost = null;
  startCommand = detail.start;
  trouble();
});
connection.addEventListener("lost", ({ detail }) => {
  lost = detail;
  trouble();
});
connection.addEventListener("restart-failed", ({ detail }) => {
  $("problem").replaceChildren(t("That could not be loaded; all is as it was before."), " ", detail.message);
  $("problem").hidden = false;
});

for (const part of [state, hold, sound, talk, chart, timers, lists, settings, people, voices, memory, models, doctor]) part.start(connection, run);
pages.start();
translate();
connection.open();
picture.start();
