// The line to the daemon: requests with answers, and events. It comes back by itself.

import { current } from "./texts.js";

const RETRY_MS = 1500;

export class Refused extends Error {
  constructor(answer) {
    super(answer.message);
    this.fix = answer.fix;
  }
}

export class Connection extends EventTarget {
  #socket = null;
  #number = 0;
  #waiting = new Map();

  open() {
    const socket = new WebSocket(`ws://${location.host}/live`);
    this.#socket = socket;
    socket.addEventListener("message", (message) => this.#take(JSON.parse(message.data)));
    socket.addEventListener("close", () => this.#lost());
  }

  // Resolves to the answer's fields, or throws Refused.
  ask(request) {
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Refused({ message: "", fix: "" }));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, language: current(), request: { v: 1, ...request } }));
    });
  }

  #take(message) {
    if (message.event) {
      this.dispatchEvent(new CustomEvent(message.event, { detail: message }));
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.ok) waiting?.resolve(message);
    else waiting?.reject(new Refused(message));
  }

  async #lost() {
    for (const { reject } of this.#waiting.values()) reject(new Refused({ message: "", fix: "" }));
    this.#waiting.clear();
    let known = true; // a daemon that was started anew does not know this page any more
    try {
      known = (await fetch("/", { method: "HEAD" })).status !== 401;
    } catch {
      // it is not there
    }
    this.dispatchEvent(new CustomEvent("lost", { detail: { known } }));
    if (known) setTimeout(() => this.open(), RETRY_MS);
  }
}
