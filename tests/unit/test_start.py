"""What a start must not wait for: libraries that are imported only where they are used."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import cast

import pytest

from daemon.bus import Bus
from daemon.commands.brain_options import KINDS
from daemon.components import Components
from daemon.config import catalogue, load, packaged_config
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import EarEvent, SpeechStarted
from daemon.ears.listen_mode import ListenGate
from daemon.listening import OpenEars, open_ears, underway
from daemon.worker import CancelToken, Worker

LATE = (
    *("torch", "transformers", "openvino", "fastapi", "uvicorn", "xllamacpp", "piper"),
    *("ai_edge_litert", "faster_whisper", "ctranslate2", "av", "pypinyin", "cn2an"),
)
"""Each takes from 0.05 to 2 s. What needs one imports it on its own thread."""
PRINT_LOADED = "import sys, {module}; print(*sys.modules)"


def loaded_with(module: str) -> set[str]:
    """Return what a fresh interpreter has imported after ``module``."""
    command = [sys.executable, "-c", PRINT_LOADED.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_daemon_opens_its_ears_before_it_imports_the_models_libraries() -> None:
    assert not loaded_with("daemon.server") & set(LATE)


def test_a_command_that_asks_the_daemon_imports_no_more_than_it_needs() -> None:
    for command in ("control", "say", "ask"):
        loaded = loaded_with(f"daemon.commands.{command}")
        assert not loaded & {*LATE, "numpy", "pydantic", "onnxruntime"}, command


def test_the_list_of_commands_imports_no_library_of_a_model() -> None:
    everything = "daemon.cli; daemon.cli.build_parser()"
    assert not loaded_with(everything) & {*LATE, "numpy", "onnxruntime", "cv2"}


def test_the_kinds_of_brain_are_those_of_the_setting() -> None:
    assert catalogue()["brain.kind"].choices == KINDS


def test_what_is_heard_while_the_rest_loads_waits_in_order() -> None:
    said = [SpeechStarted(turn, 0, 0.1) for turn in range(3)]

    def listen(cancel: CancelToken) -> Iterator[EarEvent]:
        yield from said

    async def main() -> list[EarEvent]:
        worker = Worker("ears")
        try:
            async with underway(worker.stream(listen, depth=64)) as heard:
                await worker.run(lambda _: None)  # behind it: all has been heard by now
                return [event async for event in heard]
        finally:
            await worker.close()

    assert asyncio.run(main()) == said


class EarsOnly(Components):
    """Makes ears that belong to the thread they were made on."""

    def endpointer(self) -> Endpointer:
        """Say where it is made."""
        made_on.append(threading.current_thread().name)
        return cast(Endpointer, None)


made_on: list[str] = []


def test_the_ears_are_made_on_their_thread_and_tell_the_loop() -> None:
    async def main() -> OpenEars:
        worker = Worker("ears")
        try:
            return await open_ears(EarsOnly(load(packaged_config()).settings), worker, Bus())
        finally:
            await worker.close()

    gate, mode = asyncio.run(main())
    assert isinstance(gate, ListenGate) and mode is None
    assert made_on == ["worker-ears"]


def test_ears_that_nobody_asks_are_closed() -> None:
    closed: list[bool] = []

    async def ears() -> AsyncGenerator[EarEvent, None]:
        try:
            yield SpeechStarted(1, 0, 0.1)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def main() -> None:
        async with underway(ears()):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert closed == [True]


def test_ears_that_fail_meanwhile_tell_it_once_they_are_asked() -> None:
    async def ears() -> AsyncGenerator[EarEvent, None]:
        for event in list[EarEvent]():
            yield event
        raise OSError("unplugged")

    async def main() -> None:
        async with underway(ears()) as heard:
            await asyncio.sleep(0)
            async for _ in heard:
                pass

    with pytest.raises(OSError, match="unplugged"):
        asyncio.run(main())
