// The push-to-talk key, held by pointer or keyboard; there while the ears wait for one.

import { $ } from "./dom.js";

const KEYS = [" ", "Enter"];

let held = false;

export function start(connection, run) {
  const button = $("hold");

  const hold = (on) => {
    if (on === held) return;
    held = on;
    button.classList.toggle("held", on);
    connection.hold(on);
    run("POST", "talk", { on });
  };
  const show = ({ ears }) => {
    button.hidden = ears.listen !== "push-to-talk";
  };

  connection.addEventListener("hello", ({ detail }) => show(detail.status));
  connection.addEventListener("ready", async () => {
    const status = await run("GET", "status"); // it may listen otherwise since it began anew
    if (status) show(status);
  });
  connection.addEventListener("lost", () => hold(false));
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId); // wherever it is let go
    hold(true);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
    button.addEventListener(end, () => hold(false));
  }
  button.addEventListener("keydown", (event) => {
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    hold(true);
  });
  button.addEventListener("keyup", (event) => KEYS.includes(event.key) && hold(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch opens it
  document.addEventListener("visibilitychange", () => document.hidden && hold(false));
}
