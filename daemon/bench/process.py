"""A process under measurement, and what it tells line by line."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from daemon.bench.sound_server import end
from daemon.config import Settings
from daemon.config.file import as_toml
from daemon.errors import StageError
from daemon.i18n import tr

READY_S = 120.0  # for loading all models on a slow disk
# How often a waiting measurement looks, also whether the process is still there.
POLL_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Something it told."""

    name: str
    at: float
    """``time.monotonic()`` of that process, which is everybody's."""
    marks: dict[str, float]
    """Seconds from the end of the question's speech, by the names of ``Timings``."""
    text: str
    """What else it told, such as the name of a device."""
    work: dict[str, float] = field(default_factory=dict)
    """Seconds that each part has worked for it so far, as in ``Timings``."""


class Process:
    """``python -m MODULE ARGUMENTS`` while the ``with`` block runs."""

    def __init__(
        self, module: str, arguments: Sequence[str], env: dict[str, str], log: Path
    ) -> None:
        """``log``: the file that takes its standard error."""
        self._command = [sys.executable, "-m", module, *arguments]
        self._env, self._log = env, log
        self._events: list[ProcessEvent] = []
        self._news = threading.Condition()

    def __enter__(self) -> "Process":
        self.started = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.PIPE,  # its end tells that we are gone
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for us, who end it in order
            )
        self._thread = threading.Thread(target=self._listen, name="process")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        end(self._process)
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            marks, work = told.get("marks", {}), told.get("work", {})
            event = ProcessEvent(told["event"], told["at"], marks, told.get("text", ""), work)
            with self._news:
                self._events.append(event)
                self._news.notify_all()

    def since(self, moment: float, *names: str) -> list[ProcessEvent]:
        """Return the events of these names after a moment (``time.monotonic()``)."""
        with self._news:
            return [event for event in self._events if event.at > moment and event.name in names]

    def wait(self, moment: float, timeout_s: float, *names: str) -> ProcessEvent | None:
        """Wait for the first event of these names after ``moment``; ``None`` if none comes."""
        deadline = time.monotonic() + timeout_s
        while True:
            if events := self.since(moment, *names):
                return events[0]
            if self._process.poll() is not None:
                raise self._ended()
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            with self._news:
                self._news.wait(min(left, POLL_INTERVAL_S))

    def last(self, *names: str) -> ProcessEvent | None:
        """Return the newest event of these names."""
        events = self.since(0, *names)
        return events[-1] if events else None

    def wait_until_ready(self, event_name: str = "ready") -> ProcessEvent:
        """Wait until it has loaded; ``StageError`` with the end of its log if it does not."""
        event = self.wait(0, READY_S, event_name)
        if event is None:
            raise self._ended()
        return event

    def seconds_to(self, event_name: str) -> float:
        """Wait likewise, and return how long after its start it was."""
        return self.wait_until_ready(event_name).at - self.started

    def _ended(self) -> StageError:
        last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
        return StageError(
            "bench",
            tr("The daemon under measurement ended or hangs: {reason}").format(
                reason=" ".join(last) or self._process.poll()
            ),
        )

    def memory_bytes(self) -> int:
        """Return what it takes of the memory, its share of what others use too (proc(5), Pss)."""
        return self.memory_parts()["Pss"]

    def memory_parts(self) -> dict[str, int]:
        """Return in bytes its share (Pss), all (Rss), its own (Anonymous), and what is of files.

        The pages of files that nobody wrote to (``Pss_File``) count, but the kernel takes them back
        where others need room.
        """
        told = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        sizes = {
            words[0].rstrip(":"): 1024 * int(words[1])
            for words in map(str.split, told.splitlines()[1:])
        }
        return {name: sizes[name] for name in ("Pss", "Rss", "Anonymous", "Pss_File")}

    def processor_seconds(self) -> float:
        """Return the processor time it has used in user and system mode (proc(5))."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = stat[stat.rindex(")") + 2 :].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write_config(path: Path, settings: Settings) -> None:
    """Write settings as TOML: the same ones, on the default devices of the private server."""
    tables = settings.model_dump(mode="json")
    tables["ears"]["microphone"] = tables["voice"]["loudspeaker"] = ""
    tables["voice"]["volume"] = 1.0
    tables["voice"]["output"], tables["ears"]["listen_to"] = "loudspeaker", "microphone"
    tables["ears"]["listen"] = tables["dialogue"]["answer_when"] = "always"
    tables["log"]["level"] = "info"
    # what is said here is nobody's: it is not kept, takes no page and calls no tool
    tables["memory"]["keep"] = tables["panel"]["enabled"] = False
    tables["tools"]["servers"] = {}
    path.write_text(as_toml(tables), encoding="utf-8")
