"""What a command does when what it asked for is cut short, restarted, or cannot be written."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from daemon.api import client
from daemon.api.answers import Refusal
from daemon.cli import main
from daemon.config import load
from daemon.dialogue.pending import PendingRequest
from daemon.ears.events import EarEvent, SpeechStarted
from daemon.errors import DigitalLifeError, SetupError
from daemon.folders import socket_path
from daemon.memory.entries import NewEntry
from daemon.memory.store import MemoryStore
from daemon.service.single_instance import single_instance
from tests.fakes import FakeChat, FakeRecognizer, parts
from tests.scenario.test_session import Stage
from tests.virtual_time import run_virtual


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(client, "POLL_INTERVAL_S", 0.01)
    path = socket_path()
    assert path is not None
    return path


def answered(place: Path, command: Sequence[str], *replies: bytes) -> tuple[int, list[str]]:
    """Return how a command ends that a daemon gives these replies, and what it asked."""
    left, asked = list(replies), []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if left and (line := await reader.readline()):
            asked.append(line.split()[1].decode().removeprefix("/v1/"))
            writer.write(left.pop(0))
        writer.close()

    async def run() -> int:
        async with await asyncio.start_unix_server(answer, place):
            return await asyncio.to_thread(main, list(command))

    return asyncio.run(run()), asked


def reply(status: str, **fields: object) -> bytes:
    text = json.dumps(fields).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    return head.encode() + text


def refusal(status: str, message: str) -> bytes:
    return reply(status, **Refusal.of(DigitalLifeError(message)).model_dump())


def heard(text: str, whole: bool) -> bytes:
    return reply("200 OK", text=text, whole=whole)


LOADING = refusal("503 Service Unavailable", "Digital Life is still loading: whisper.")


@pytest.mark.parametrize("command", ["say", "ask"])
@pytest.mark.parametrize(
    ("text", "whole", "code", "told"),
    [
        ("It is high.", True, 0, ""),
        ("It is", False, 1, "interrupted"),
        ("", False, 1, "Nothing was said"),
        ("", True, 1, "Nothing was said"),
    ],
)
def test_what_was_cut_short_is_no_success(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    text: str,
    whole: bool,
    code: int,
    told: str,
) -> None:
    assert answered(place, [command, "Hello"], heard(text, whole))[0] == code
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == (f"{text}\n" if command == "ask" and text else "")


@pytest.mark.parametrize("command", ["say", "ask"])
def test_who_asks_while_it_restarts_waits_and_is_told(
    place: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    status = reply("200 OK", loading="whisper")
    replies = (LOADING, status, LOADING, status, heard("Yes.", True))
    code, asked = answered(place, [command, "Hello"], *replies)
    assert code == 0
    assert asked == [command, "status", command, "status", command]
    assert capsys.readouterr().err.count("still loading: whisper. Waiting") == 1


def test_what_is_refused_for_another_reason_is_not_asked_again(place: Path) -> None:
    busy = refusal("409 Conflict", "Somebody is speaking.")
    code, asked = answered(place, ["ask", "Hello"], busy, reply("200 OK", loading=""))
    assert code == 1 and asked == ["ask", "status"]


def test_a_question_that_a_restart_cuts_off_is_told_of() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat(["A long answer. " * 50])))
    asked: list[PendingRequest | None] = []

    async def ask() -> None:
        await asyncio.sleep(1)
        asked.append(stage.session.ask("How high is Everest?"))

    stage.play([], until=3, also=ask())
    [question] = asked
    assert question is not None
    assert "restarted" in str(question.future.exception())
    assert stage.session.ask("And K2?") is None, "there is nobody who would answer"


async def _abandon() -> None:
    question = PendingRequest()
    question.end("it is", whole=True)
    question.fail(DigitalLifeError("It was restarted."))
    assert (await question.future).whole


def test_what_was_answered_stays_answered() -> None:
    run_virtual(_abandon())


def run(command: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    line = f"{sys.executable} -m daemon {command}"
    return subprocess.run(
        ["bash", "-c", line], stderr=subprocess.PIPE, text=True, check=False, **more
    )


@pytest.mark.parametrize("command", ["config show", "--help", "memory --help", "faces list"])
def test_a_full_standard_output_is_told_of(command: str) -> None:
    done = run(f"{command} >/dev/full")
    assert done.returncode == 5
    assert done.stderr.splitlines() == [
        "digital-life: Standard output cannot be written: No space left on device"
    ]


@pytest.mark.parametrize("command", ["config show", "--help"])
def test_a_reader_who_has_enough_is_no_fault(command: str) -> None:
    done = run(f"{command} | true")
    assert done.returncode == 0 and done.stderr == ""


def test_without_a_standard_output_it_does_its_work() -> None:
    done = run("config show >&-")
    assert done.returncode == 0 and done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", str(2**63)], 3),
        (["show", "9" * 60], 3),
        (["forget", "9" * 30], 3),
        (["forget", "f" + "9" * 5000], 3),
        (["forget", str(2**63)], 3),
        (["list", "--limit", str(2**70)], 0),
        (["search", "--limit", str(2**70), "hello"], 0),
    ],
)
def test_numbers_beyond_63_bits_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    with contextlib.closing(MemoryStore(tmp_path / "digital-life" / "memory.db")) as store:
        store.add(NewEntry("hello", "hi", 1.0), None, "")
    assert main(["memory", *arguments]) == code
    assert len(capsys.readouterr().err) < 500


@pytest.mark.parametrize("number", [str(2**63), "9" * 5000, "0x" + "f" * 6000, "1e999", "nan"])
@pytest.mark.parametrize("name", ["memory.days", "ears.pause_s", "voice.speed"])
def test_a_setting_with_such_a_number_is_refused(tmp_path: Path, name: str, number: str) -> None:
    room, key = name.split(".")
    config = tmp_path / "config.toml"
    config.write_text(f"[{room}]\n{key} = {number}\n")
    with pytest.raises(SetupError) as caught:
        load(config)
    assert len(str(caught.value)) < 500


HOLDER = """
import sys
from daemon.service.single_instance import single_instance
with single_instance():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_daemon_at_a_time_also_without_a_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        for _ in range(5):
            with pytest.raises(DigitalLifeError, match="running already"), single_instance():
                pass
        with monkeypatch.context() as elsewhere, contextlib.ExitStack() as stack:
            elsewhere.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
            stack.enter_context(single_instance())
        other.kill()
    with single_instance():
        pass
    assert os.listdir(tmp_path) == []


def test_nothing_is_asked_of_a_conversation_that_ends() -> None:
    scene = Stage(parts(FakeRecognizer(), FakeChat()))
    asked: list[PendingRequest | None] = []

    async def hear() -> AsyncIterator[EarEvent]:
        try:
            await asyncio.Event().wait()
            yield SpeechStarted(1, 0, 0.2)
        finally:  # while all of it ends
            asked.append(scene.session.ask("What now?"))

    async def main() -> None:
        conversing = asyncio.create_task(scene.session.run(hear()))
        await asyncio.sleep(1)
        conversing.cancel()
        await asyncio.wait([conversing])

    run_virtual(main())
    assert asked == [None]
