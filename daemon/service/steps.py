"""What an installation does, as steps that can be told before they are taken."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import DigitalLifeError
from daemon.files import atomic_write, unwritable
from daemon.i18n import tr
from daemon.service.ready import AwaitReady

STEP_S = 310.0  # the longest a command may take; stopping a service may take its ten seconds


@dataclass(frozen=True, slots=True)
class Write:
    """Write a file, with the folders above it."""

    path: Path
    text: str
    root: bool = False

    def __str__(self) -> str:
        return tr("write {path}").format(path=self.path)

    @property
    def command(self) -> list[str]:
        """The same as a command that reads the text."""
        return ["install", "-D", "-m", "644", "/dev/stdin", str(self.path)]

    @property
    def line(self) -> str:
        """The same for a shell."""
        return f"{shlex.join(self.command)} <<'END'\n{self.text.rstrip()}\nEND"


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file that may be there."""

    path: Path
    root: bool = False

    def __str__(self) -> str:
        return tr("remove {path}").format(path=self.path)

    @property
    def command(self) -> list[str]:
        """The same as a command."""
        return ["rm", "-f", str(self.path)]

    @property
    def line(self) -> str:
        """The same for a shell."""
        return shlex.join(self.command)


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run a command."""

    command: list[str]
    root: bool = False
    may_fail: bool = False
    """Its failure is no reason to stop."""

    def __str__(self) -> str:
        return shlex.join(self.command)

    @property
    def line(self) -> str:
        """The same for a shell."""
        return shlex.join(self.command)


Step = Write | Remove | RunCommand | AwaitReady


def may_become_root() -> bool:
    """Whether the steps for root can be taken from here."""
    return os.geteuid() == 0 or shutil.which("sudo") is not None


def take(step: Step, tell: Callable[[str], None] = lambda _text: None) -> None:
    """Take a step; ``DigitalLifeError`` says what went wrong. ``tell`` is told its course."""
    if isinstance(step, AwaitReady):
        step.wait(tell)
        return
    if isinstance(step, Write) and not step.root:
        _write(step)
        return
    as_root = step.root and os.geteuid() != 0
    command = ["sudo", "--", *step.command] if as_root else step.command
    text = step.text if isinstance(step, Write) else None
    try:
        done = subprocess.run(
            command,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=not as_root,
            encoding="utf-8",  # of what is written, whatever the terminal's is
            errors="replace",
            timeout=None if as_root else STEP_S,  # a person may be typing a password
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DigitalLifeError(f"{step}: {error}") from error
    if done.returncode and not getattr(step, "may_fail", False):
        said = (done.stderr or done.stdout or "").strip() or f"exit {done.returncode}"
        raise DigitalLifeError(f"{step}: {said}", step.line)


def _write(step: Write) -> None:
    try:
        step.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(step.path, error) from error
    with atomic_write(step.path) as part:
        part.write_text(step.text, encoding="utf-8")
