// Timers, alarms and reminders: what is set, with live countdowns, and what rings, on every page.

import { $, announce, h } from "./dom.js";
import { clock, date, t, weekdays } from "./texts.js";

const QUICK_MIN = [1, 5, 10, 30];
const KINDS = { timer: "Timer", alarm: "Alarm", reminder: "Reminder" };

let connection = null;
let ask = null;
let timers = [];
let seenRinging = "";
let asked = 0;

export function start(line, run) {
  connection = line;
  ask = run;
  line.addEventListener("hello", ({ detail }) => detail.status.state !== "loading" && refresh());
  for (const event of ["ready", "timers", "ringing"]) line.addEventListener(event, refresh);
  document.addEventListener("language", draw);
  $("timer-form").addEventListener("submit", add);
  $("ringing-stop").addEventListener("click", () => run("POST", "timers/stop"));
  $("ringing-snooze").addEventListener("click", () => run("POST", "timers/snooze"));
  setInterval(tick, 1000);
}

async function refresh() {
  const mine = ++asked;
  let answer;
  try {
    answer = await connection.get("timers");
  } catch {
    return; // it loads
  }
  if (mine !== asked) return; // a later one knows better, and answers may overtake each other
  const now = Date.now() / 1000;
  timers = answer.timers.map((timer) => ({ ...timer, end: now + timer.left_s }));
  timers.sort((one, other) => rings(other) - rings(one)); // those that ring first; else as they come
  draw();
}

async function add(event) {
  event.preventDefault();
  const words = $("timer-words").value.trim();
  if (!words) return;
  const made = await ask("POST", "timers", { words });
  if (made) $("timer-words").value = "";
  tell(made);
}

const tell = (timer) => timer && announce(t("Set: {what}", { what: title(timer) }));

function draw() {
  const focused = document.activeElement?.id;
  $("quick").replaceChildren(...QUICK_MIN.map(quick));
  $("timers").replaceChildren(...timers.map(entry));
  $("no-timers").hidden = timers.length > 0;
  ringing();
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus();
}

function quick(minutes) {
  const onclick = async () => tell(await ask("POST", "timers", { seconds: 60 * minutes }));
  return h("button", { type: "button", class: "quiet", id: `quick-${minutes}`, onclick }, t("{count} min", { count: minutes }));
}

// What rings is shown wherever one looks, and said once.
function ringing() {
  const names = timers.filter(rings).map(({ kind, name }) => name || t(KINDS[kind])).join(", ");
  $("ringing").hidden = !names;
  $("ringing-what").textContent = names && t("Ringing: {what}", { what: names });
  if (names && names !== seenRinging) announce(t("Ringing: {what}", { what: names }));
  seenRinging = names;
}

const rings = ({ state }) => state === "ringing";

const title = ({ kind, name }) => (name ? `${t(KINDS[kind])}: ${name}` : t(KINDS[kind]));

function entry(timer) {
  const { id, kind, name, state } = timer;
  const counts = state === "pending" && kind === "timer";
  const about = [name && t(KINDS[kind]), moment(timer)].filter(Boolean).join(" · ");
  const buttons = rings(timer)
    ? [button(timer, "snooze", t("Snooze"), () => ask("POST", "timers/snooze", { id })),
       button(timer, "stop", t("Stop"), () => ask("POST", "timers/stop", { id }))]
    : state === "pending" ? [button(timer, "cancel", t("Cancel"), () => ask("DELETE", `timers/${id}`))] : [];
  return h("li", { "data-state": state },
    h("span", { class: "countdown", "data-end": counts && timer.end }, large(timer)),
    h("div", { class: "what" }, h("p", { class: "name" }, name || t(KINDS[kind])), h("p", { class: "note" }, about)),
    h("div", { class: "buttons" }, buttons));
}

const button = (timer, act, text, onclick) =>
  h("button", { type: "button", class: "quiet", id: `${act}-${timer.id}`, "aria-label": `${text}: ${title(timer)}`, onclick }, text);

function moment({ kind, due, repeat }) {
  if (repeat.length) return weekdays(repeat);
  return kind === "timer" ? clock(due) : date(due);
}

// Of a timer what is left; of an alarm or a reminder the time on the clock.
function large({ kind, state, due, end }) {
  if (state !== "pending") return state === "ringing" ? t("ringing") : t("missed");
  return kind === "timer" ? countdown(end - Date.now() / 1000) : clock(due);
}

function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  if (days) return t("{days} d {hours} h", { days, hours });
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function tick() {
  const now = Date.now() / 1000;
  for (const place of $("timers").querySelectorAll("[data-end]")) {
    place.textContent = countdown(Number(place.dataset.end) - now);
  }
}
