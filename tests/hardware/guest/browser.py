"""Proof 3: Chromium finds camera and microphone by name, and outlives a restart of the daemon."""

import json
import queue
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.hardware.guest.scene import RUNTIME, USER, Service, as_user, check, status, wait

PAGE = """<!doctype html><title>call</title><video autoplay muted playsinline></video><script>
const tell = (name, value) => fetch('/' + name, {method: 'POST', body: JSON.stringify(value)});
const video = document.querySelector('video');
let frames = 0;
const count = () => { frames++; video.requestVideoFrameCallback(count); };
const open = async (what) => {
  const stream = await navigator.mediaDevices.getUserMedia(what);
  video.srcObject = stream;
  await video.play();
  return stream;
};
const sleep = (s) => new Promise(resolve => setTimeout(resolve, 1000 * s));
(async () => {
  try {
    let stream = await open({video: true, audio: true});
    const known = await navigator.mediaDevices.enumerateDevices();
    await tell('devices', known.map(d => [d.kind, d.label]));
    const named = known.find(d => d.kind === 'videoinput' && d.label.startsWith('Digital Life'));
    const wanted = {video: {deviceId: {exact: named.deviceId}}};
    for (let round = 0; round < 3; round++) {
      stream.getTracks().forEach(track => track.stop());
      stream = await open(wanted);
    }
    video.requestVideoFrameCallback(count);
    await sleep(4);
    await tell('frames', [frames / 4, video.videoWidth, video.videoHeight]);
    const track = stream.getVideoTracks()[0];
    track.onended = () => tell('ended', true);
    while (true) {
      await sleep(2);
      await tell('alive', [track.readyState, frames]);
    }
  } catch (error) { await tell('failed', String(error)); }
})();
</script>"""
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-extensions", "--disable-background-networking", "--window-size=640,480",
)  # fmt: skip


class Page:
    """Serves the page and takes what it tells."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str, Any]] = queue.Queue()
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(PAGE.encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.put((self.path[1:], json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def wait_for(self, name: str, seconds: float) -> Any:
        """Return the next thing told under ``name``; ``None`` if it does not come."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                found, value = self.told.get(timeout=left)
            except queue.Empty:
                return None
            if found == name:
                return value
            if found in ("failed", "ended"):
                print("the page says:", found, value)
                return None
        return None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def prove_browser(service: Service) -> None:
    if not shutil.which("chromium"):
        print("SKIP Chromium is not in the image: build it with DL_GUEST_EXTRA=chromium")
        return
    page = Page()
    # Its threads would have the guest's only processor to themselves; a desktop has more than one.
    browser = subprocess.Popen(
        ["nice", "-n", "10", "runuser", "-u", USER, "--", "env", f"HOME=/home/{USER}",
         f"XDG_RUNTIME_DIR={RUNTIME}", "PATH=/usr/bin:/bin", "chromium", *ARGUMENTS, page.address],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        watch(service, page)
    finally:
        as_user("pkill", "-u", USER, "chromium")
        errors = browser.communicate(timeout=30)[1]
        if page_failed := [line for line in errors.splitlines() if "ERROR" in line][:5]:
            print(*page_failed, sep="\n")
        page.close()


def watch(service: Service, page: Page) -> None:
    devices = page.wait_for("devices", 120) or []
    labels = {kind: [text for k, text in devices if k == kind] for kind, _ in devices}
    cameras, microphones = labels.get("videoinput", []), labels.get("audioinput", [])
    seen = [name for name in cameras if name.startswith("Digital Life")]
    if not check("the browser lists the camera", seen, cameras):
        return
    heard = [name for name in microphones if name.startswith("Digital Life")]
    check("and the microphone", heard, microphones)
    found = page.wait_for("frames", 60)
    check("opened again and again, it shows pictures", found and found[0] > 5, found)
    check("the daemon has not noticed", status().get("degraded") == [], status().get("degraded"))
    before = page.wait_for("alive", 30)
    took = service.restart()
    check("the daemon restarts under it", took >= 0, f"{took:.1f} s")
    check("with the camera", status().get("degraded") == [], status().get("degraded"))
    while not page.told.empty():
        name, _ = page.told.get()
        check("the track did not end", name != "ended") if name == "ended" else None
    first = page.wait_for("alive", 30)
    second = wait(lambda: page.wait_for("alive", 30), 30)
    alive = bool(before and first and second) and second[0] == "live" and second[1] > first[1]
    check("and the browser goes on seeing it", alive, f"{before} {first} {second}")
