// Its voice in the page, where the daemon can send it.

import { $, announce } from "./dom.js";
import { t } from "./texts.js";

const GATHER_MS = 1000;

const audio = new Audio();
let peer = null;
let wanted = false;

export function start(connection, run) {
  const button = $("sound");
  connection.addEventListener("hello", ({ detail }) => {
    button.hidden = !detail.sound;
    if (detail.status.state !== "loading") again(run);
  });
  connection.addEventListener("ready", () => again(run)); // another loudspeaker plays now
  connection.addEventListener("lost", stop);
  button.addEventListener("click", async () => {
    wanted = !wanted;
    if (wanted) await listen(run);
    else stop();
    show();
    announce(label());
  });
  document.addEventListener("language", show);
}

const label = () => (wanted ? t("Sound here is on") : t("Sound here is off"));

function show() {
  $("sound").setAttribute("aria-pressed", wanted);
  $("sound").querySelector("span").textContent = label();
}

async function again(run) {
  if (!wanted) return;
  stop();
  await listen(run);
  show();
}

async function listen(run) {
  peer = new RTCPeerConnection();
  peer.addTransceiver("audio", { direction: "recvonly" });
  peer.addEventListener("track", ({ track }) => {
    audio.srcObject = new MediaStream([track]);
    audio.play().catch(() => {}); // it was closed meanwhile
  });
  const mine = peer;
  await mine.setLocalDescription(await mine.createOffer());
  await gathered(mine);
  const answer = await run("POST", "listen", { offer: mine.localDescription.sdp });
  if (answer && peer === mine) await mine.setRemoteDescription({ type: "answer", sdp: answer.answer });
  else if (!answer) {
    wanted = false;
    stop();
  }
}

function gathered(mine) {
  return new Promise((resolve) => {
    setTimeout(resolve, GATHER_MS);
    mine.addEventListener("icegatheringstatechange", () => mine.iceGatheringState === "complete" && resolve());
  });
}

function stop() {
  peer?.close();
  peer = null;
  audio.srcObject = null;
}
