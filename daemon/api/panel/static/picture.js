// The live picture: JPEGs that come one by one, each asked for when the one before is shown.

import { $ } from "./dom.js";
import { t } from "./texts.js";

const RETRY_MS = 1000;
const NONE = 4404; // the daemon shows no face at all

let socket = null;
let retry = 0;

export function start() {
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : open()));
  if (!document.hidden) open();
}

function open() {
  if (socket) return;
  clearTimeout(retry);
  socket = new WebSocket(`ws://${location.host}/picture`);
  socket.binaryType = "blob";
  socket.addEventListener("message", (message) => show(message.target, message.data));
  socket.addEventListener("close", (event) => {
    if (event.target !== socket) return;
    socket = null;
    $("no-picture").textContent = event.code === NONE ? t("The settings want no face to be shown.") : "";
    $("picture").classList.remove("live");
    if (event.code !== NONE && !document.hidden) retry = setTimeout(open, RETRY_MS);
  });
}

async function show(from, jpeg) {
  const image = await createImageBitmap(jpeg);
  const canvas = $("picture");
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  canvas.getContext("2d", { alpha: false }).drawImage(image, 0, 0);
  image.close();
  canvas.classList.add("live");
  if (from.readyState === WebSocket.OPEN) from.send("");
}

function stop() {
  const open = socket;
  socket = null;
  open?.close();
}
