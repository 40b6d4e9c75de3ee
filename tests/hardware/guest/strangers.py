"""Proof 6: other users get nothing, and a hostile program of one's own disturbs nothing."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.hardware.guest.scene import (
    CHECKOUT,
    CONFIG,
    MODELS,
    RUNTIME,
    SETTINGS,
    SOCKET,
    UID,
    USER,
    Recorder,
    Service,
    as_user,
    ask_it,
    check,
    digital_life,
    grow_up,
    run,
    status,
    wait,
)

STRANGER = "eve"
HISTORY = Path(f"/home/{USER}/.local/share/digital-life/memory.db")
ATTEMPTS = """
import json, sys
outcomes = {}
for name, code in json.loads(sys.argv[1]).items():
    try:
        exec(code)
        outcomes[name] = "it could"
    except Exception as error:
        outcomes[name] = type(error).__name__
print(json.dumps(outcomes))
"""
TEXT = (
    "The quick brown fox jumps over the lazy dog, and then it runs through the whole wide forest."
)
LONGER = 1.25  # times as long as undisturbed: there is one processor for the attacker, too


def prove_protection(service: Service) -> None:
    others(service)
    hostile(service)


def others(service: Service) -> None:
    """Another user of the machine tries."""
    run("useradd", "-m", STRANGER)
    check("there is a history", keep_history(), HISTORY)
    process = service.process
    attempts = {
        "connect": f"import socket; socket.socket(1).connect('{SOCKET}')",
        "look into the runtime folder": f"import os; os.listdir('{RUNTIME}')",
        "read its memory": f"open('/proc/{process}/mem', 'rb').read(1)",
        "read its environment": f"open('/proc/{process}/environ', 'rb').read(1)",
        "end it": f"import os; os.kill({process}, 15)",
        "list the models": f"import os; os.listdir('{MODELS}')",
        "read a model": f"open('{MODELS}/silero-vad/silero_vad.onnx', 'rb')",
        "read the history": f"open('{HISTORY}', 'rb')",
        "list what is kept": f"import os; os.listdir('{HISTORY.parent}')",
        "write to the camera": f"open('{status()['devices']['camera']}', 'wb')",
    }
    done = as_user(sys.executable, "-c", ATTEMPTS, json.dumps(attempts), user=STRANGER)
    outcomes = json.loads(done.stdout or "{}")
    for name in attempts:
        outcome = outcomes.get(name, done.stderr[-300:])
        check(f"another user cannot {name}", outcome == "PermissionError", outcome)
    done = as_user(
        "env",
        f"XDG_RUNTIME_DIR={RUNTIME}",
        sys.executable,
        "-B",
        "-m",
        "daemon",
        "status",
        user=STRANGER,
    )
    check(
        "nor use our commands", done.returncode == 1 and "not running" in done.stderr, done.stderr
    )
    for folder in Path("/tmp").glob("digital-life-*"):
        mode = folder.stat().st_mode & 0o777
        check("the brain's socket is private", mode == 0o700, oct(mode))
    run("userdel", "-r", STRANGER)
    mode = Path(SOCKET).stat().st_mode & 0o777
    check("the control socket is private", mode == 0o600 and Path(SOCKET).stat().st_uid == UID)


def keep_history() -> bool:
    """Have a conversation kept, as the settings may ask."""
    CONFIG.write_text(SETTINGS + "[memory]\nkeep = true\n")
    changed = ask_it(lambda client: client.post("settings/reload")).get("changed")
    remember = "Remember that my dentist is Doctor Wu."
    ask_it(lambda client: client.post("ask", text=remember))
    return changed == ["memory.keep"] and bool(wait(HISTORY.exists, 20))


class Said:
    """A text that is being said, from its first sound on."""

    def __init__(self) -> None:
        turns = status()["turns"]
        self._turns = turns
        self.saying = threading.Thread(target=digital_life, args=("say", TEXT))
        self.saying.start()
        wait(lambda: status().get("state") == "speaking", 60)

    def end(self) -> tuple[float, bool]:
        """Wait for its end; return the seconds that took and whether it was heard whole."""
        self.saying.join()
        after = status()["turns"]
        if not after or after == self._turns:
            return 0.0, False
        marks = after[-1]
        return marks.get("reply_end", 0.0) - marks["first_audible"], "reply_end" in marks


def hostile(service: Service) -> None:
    """A program of the same user does its worst during a reply."""
    grow_up()
    quiet_s, whole = Said().end()
    check("undisturbed it speaks", whole, f"{quiet_s:.1f} s")
    before, process = status(), service.process
    with Recorder() as recorder:
        said = Said()
        attacker = subprocess.Popen(
            ["nice", "-n", "15", sys.executable, "-B", "-m", "tests.hardware.guest.strangers"],
            cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, user=UID,
        )  # fmt: skip
        said.saying.join()
        attacker.terminate()
        attacker.wait(20)
        answers = wait(lambda: "turns" in status(), 5)
        check("when it is over, others are answered again", answers, status())
        disturbed_s, whole = said.end()
    check("attacked it speaks to the end", whole, f"{disturbed_s:.1f} s")
    check("and is heard", recorder.loud_s > 0.6 * quiet_s, f"{recorder.loud_s:.1f} s")
    check("it is the same process", service.process == process)
    most = before["descriptors"] + 2
    freed = wait(lambda: status()["descriptors"] <= most, 10)
    check("no descriptor is lost", freed, f"{status()['descriptors']} of {most}")
    grown = status()["memory_mb"] - before["memory_mb"]
    check("no memory is lost", grown < 20, f"{grown:.1f} MB")
    after_s, _ = Said().end()  # this machine may be shared: its pace changes from minute to minute
    quiet_s = max(quiet_s, after_s)
    times = f"{disturbed_s / max(quiet_s, 0.1):.2f}"
    check("it spoke in the same time", disturbed_s < LONGER * quiet_s, times)


REQUEST = b"GET /v1/%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def attack(place: str) -> None:
    """Be hostile, again and again: garbage, a line without end, 1,000 clients, no reading."""
    while True:
        with contextlib.suppress(OSError), _client(place) as client:
            client.sendall(os.urandom(5000) + b"\n")
        with contextlib.suppress(OSError), _client(place) as client:
            client.sendall(b"POST /v1/say HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n")
            for _ in range(1600):
                client.sendall(b"x" * 65536)
        with contextlib.suppress(OSError), _client(place) as client:
            for _ in range(1600):  # 100 MB
                client.sendall(b"x" * 65536)
        many: list[socket.socket] = []
        with contextlib.suppress(OSError):
            for _ in range(1000):
                many.append(_client(place))
        for client in many:
            client.close()
        slow: list[socket.socket] = []
        with contextlib.suppress(OSError):  # full of those that have just hung up
            slow += [_client(place) for _ in range(5)]
        for client in slow:
            with contextlib.suppress(OSError):
                client.sendall(REQUEST % b"events" + REQUEST % b"status" * 100)
        time.sleep(0.5)
        for client in slow:
            client.close()


def _client(place: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(place)
    return client


if __name__ == "__main__":
    attack(sys.argv[1] if len(sys.argv) > 1 else SOCKET)
