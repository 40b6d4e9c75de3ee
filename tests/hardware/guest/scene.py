"""Inside the guest: looking at the service, speaking to it, listening to it."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from daemon.api.client import Client
from daemon.errors import DigitalLifeError
from daemon.media import LISTEN_RATE, Audio, Samples

T = TypeVar("T")

CHECKOUT = Path(__file__).parents[3]
USER, UID = "dl", 1000
RUNTIME = f"/run/user/{UID}"
SOCKET = f"{RUNTIME}/digital-life.sock"
CONFIG = Path(f"/home/{USER}/.config/digital-life/config.toml")
SHARED = Path(os.environ.get("DL_MODELS", "/"))  # the host's models
MODELS = Path(f"/home/{USER}/.cache/digital-life/models")
NEEDED = (
    "whisper-tiny-en", "smollm2-135m", "piper-joe", "mandarin-baker", "silero-vad", "smart-turn",
)  # fmt: skip
# What the README has for the smallest models. The likeliest words only: at random the brain slips
# into French when it is asked for Paris, which no voice or ear here knows.
SETTINGS = """\
[ears]
model = "whisper-tiny-en"
languages = ["en"]
[brain]
model = "smollm2-135m"
persona = "You are Digital Life, a good friend talking aloud with a person. Answer in one or two \
short spoken sentences."
max_reply_tokens = 24
temperature = 0.0
[face]
width = 320
height = 180
[voice]
output = "both"
[log]
level = "debug"
"""
# A guest has one processor, perhaps shared: what is waited for may take its time, and is
# given up only when nobody would wait any longer.
START_S = 1800.0
PATIENCE_S = 600.0

LIBC = ctypes.CDLL(None, use_errno=True)
SETRESUID = 117  # the system call, on x86-64

LLAMA = re.compile(r"[\d.]+ I ")  # what llama.cpp says at debug

failed: list[str] = []


def check(name: str, holds: object, detail: object = "") -> bool:
    """Tell whether something holds."""
    print(f"{'PASS' if holds else 'FAIL'} {name}: {detail}", flush=True)
    if not holds:
        failed.append(name)
    return bool(holds)


def run(*command: str, timeout: float = START_S, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command as root."""
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)


def as_user(
    *command: str, user: str = USER, timeout: float = START_S
) -> "subprocess.CompletedProcess[str]":
    """Run a command in the user's session."""
    environment = {
        "HOME": f"/home/{user}",
        "USER": user,
        "LOGNAME": user,
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
    }
    if user == USER:
        bus = f"unix:path={RUNTIME}/bus"
        environment |= {"XDG_RUNTIME_DIR": RUNTIME, "DBUS_SESSION_BUS_ADDRESS": bus}
    return run("runuser", "-u", user, "--", *command, env=environment, cwd="/", timeout=timeout)


def digital_life(*words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command of ours in the user's session."""
    return as_user(sys.executable, "-B", "-m", "daemon", *words, **more)


def wait(condition: Callable[[], T], seconds: float = PATIENCE_S, step: float = 0.3) -> T:
    """Wait until ``condition`` returns something true; return what it returned last."""
    end = time.monotonic() + max(seconds, PATIENCE_S)
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(step)
    return value


def settle_in() -> None:
    """Give the user settings and models of their own."""
    CONFIG.parent.mkdir(parents=True)
    CONFIG.write_text(SETTINGS)
    MODELS.mkdir(parents=True, mode=0o700)  # as `models pull` makes it
    for name in NEEDED:
        shutil.copytree(SHARED / name, MODELS / name)
    for folder in (".config", ".cache"):
        run("chown", "-R", f"{USER}:{USER}", f"/home/{USER}/{folder}")


def turn_up() -> None:
    """Set the card to full volume: a new one begins at 6 % of it."""
    for kind in ("sink", "source"):
        names = as_user("pactl", "list", "short", f"{kind}s").stdout
        for name in re.findall(r"\t(alsa_\S+)", names):
            as_user("pactl", f"set-{kind}-volume", name, "100%")


class Service:
    """The service as systemd sees it."""

    def __init__(self, system: bool) -> None:
        self.system = system

    def systemctl(self, *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        if self.system:
            return run("systemctl", *words, **more)
        return as_user("systemctl", "--user", *words, **more)

    def show(self, name: str) -> str:
        return self.systemctl("show", "-P", name, "digital-life.service").stdout.strip()

    @property
    def process(self) -> int:
        return int(self.show("MainPID") or 0)

    @property
    def restarts(self) -> int:
        return int(self.show("NRestarts") or 0)

    def ready(self, besides: int = 0, seconds: float = START_S) -> float:
        """Wait until it is up with another process than ``besides``; return the seconds or -1."""
        begin = time.monotonic()

        def up() -> bool:
            found = status().get("state", "loading")
            return found != "loading" and self.process not in (0, besides)

        if not wait(up, seconds, 1.0) or self.show("ActiveState") != "active":
            return -1.0
        return time.monotonic() - begin

    def restart(self) -> float:
        """Restart it; return the seconds until it was ready, -1 if it did not become so."""
        begin = time.monotonic()
        try:
            done = self.systemctl("restart", "digital-life.service")
        except subprocess.TimeoutExpired:
            print(run("ps", "-eLo", "pid,tid,stat,time,wchan:20,args").stdout)
            print(self.systemctl("--no-pager", "status", "digital-life.service").stdout)
            print(self.systemctl("--no-pager", "list-jobs").stdout)
            raise
        return time.monotonic() - begin if done.returncode == 0 else -1.0

    def log(self, since: str = "") -> str:
        """Return what it has logged."""
        unit = "UNIT" if self.system else "USER_UNIT"
        match = [f"_SYSTEMD_{unit}=digital-life.service"]
        begin = [f"--since={since}"] if since else []
        text = run("journalctl", "-q", "-o", "cat", "--no-pager", *begin, *match).stdout
        return "\n".join(line for line in text.splitlines() if not LLAMA.match(line))


def status() -> dict[str, Any]:
    """Return what the daemon tells of itself; empty if it does not."""
    return ask_it(lambda client: client.get("status"))


def ask_it(request: Callable[[Client], dict[str, Any]]) -> dict[str, Any]:
    """Return what the daemon answers to the user's request; empty if it does not."""
    try:
        with as_the_user():
            return request(Client(Path(SOCKET)))
    except DigitalLifeError:
        return {}


@contextmanager
def as_the_user() -> Iterator[None]:
    """Be the user in this thread: a daemon in a user namespace sees in root just somebody else.

    ``os.seteuid`` would do it in all threads, of which others start programs as root meanwhile.
    """
    _set_effective_user(UID)
    try:
        yield
    finally:
        _set_effective_user(0)


def _set_effective_user(user: int) -> None:
    if LIBC.syscall(SETRESUID, -1, user, -1):
        raise OSError(ctypes.get_errno(), "setresuid")


class Recorder:
    """Records what comes out of the loopback card while the ``with`` block runs."""

    def __enter__(self) -> "Recorder":
        self._file = tempfile.TemporaryFile()  # a pipe that nobody reads holds two seconds
        self._program = subprocess.Popen(
            ["arecord", "-q", "-D", "plughw:Loopback,1", "-f", "S16_LE", "-c", "1",
             "-r", str(LISTEN_RATE), "-t", "raw"],
            stdout=self._file, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self

    def __exit__(self, *failure: object) -> None:
        self._program.terminate()
        self._program.wait(20)
        self._file.seek(0)
        data = self._file.read()
        self._file.close()
        samples: Samples = np.frombuffer(data[: len(data) // 2 * 2], np.int16).astype(np.float32)
        self.audio = Audio(samples / np.float32(32768), LISTEN_RATE)

    @property
    def loud_s(self) -> float:
        """Seconds in which something could be heard."""
        blocks = self.audio.samples[: len(self.audio.samples) // 320 * 320].reshape(-1, 320)
        return float((np.sqrt((blocks**2).mean(axis=1)) > 0.01).sum() * 0.02)


def say_to_it(recording: str) -> None:
    """Play a recording to its microphone."""
    path = CHECKOUT / "tests" / "audio" / recording
    done = run("aplay", "-q", "-D", "plughw:Loopback,1", str(path))
    if done.returncode:
        raise RuntimeError(done.stderr)


def grow_up() -> None:
    """Have long sentences said: the voice's memory grows with the longest, and then stays."""
    for count in (1, 2, 3):
        clauses = ["the quick brown fox runs through the whole wide forest until the rain begins"]
        digital_life("say", "One day " + " and then ".join(clauses * count) + ".")


def words(text: str) -> set[str]:
    """Return the words of a text, without case and marks."""
    letters = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    return set(letters.split())
