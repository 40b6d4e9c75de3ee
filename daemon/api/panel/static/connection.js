// The line to the daemon: requests with answers, and events. The events come back by themselves.

import { current } from "./texts.js";

const RETRY_MS = 1500;

export class Refused extends Error {
  constructor({ message, fix }) {
    super(message);
    this.fix = fix;
  }
}

const NO_ANSWER = { message: "", fix: "" }; // what became of the line is shown elsewhere

export class Connection extends EventTarget {
  #socket = null;

  open() {
    const socket = new WebSocket(`ws://${location.host}/live`);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      this.dispatchEvent(new CustomEvent(event.event, { detail: event }));
    });
    socket.addEventListener("close", () => this.#lost());
  }

  // Looks; resolves to the answer, or throws Refused.
  get(path) {
    return this.#answer(path, {});
  }

  // Has something done; as get. A recording is sent as it is.
  send(method, path, body) {
    if (body instanceof Blob) {
      return this.#answer(path, { method, body, headers: { "Content-Type": "application/octet-stream" } });
    }
    const sent = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    return this.#answer(path, { method, ...sent });
  }

  // Tells whether this page holds the push-to-talk key: should the page go, it is let go.
  hold(on) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(on ? "held" : "let go");
  }

  async #answer(path, options) {
    let response, answer;
    try {
      const headers = { ...options.headers, "Accept-Language": current() };
      response = await fetch(`/v1/${path}`, { ...options, headers });
      answer = await response.json();
    } catch {
      throw new Refused(NO_ANSWER);
    }
    if (!response.ok) throw new Refused(answer.error);
    return answer;
  }

  async #lost() {
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
