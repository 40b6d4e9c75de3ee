"""Finding out which library computes the language model quicker, in a process of its own.

``python -m daemon.brain.decide_engine`` is told the brain's settings and files on its standard
input, as ``decide_apart`` writes them. It measures, converts the model if OpenVINO has won, and
remembers that. What it took of the memory is free again when it ends, and it can be ended at once.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from daemon.brain.engine_choice import calibrate, choose_engine, is_undecided
from daemon.brain.openvino.conversion import converted
from daemon.config import BrainSettings
from daemon.errors import DigitalLifeError
from daemon.native import end_with_parent

NICENESS = 10
STOP_S = 2.0


async def decide_apart(brain: BrainSettings, path: Path, adapter: Path | None) -> None:
    """Run that process at low priority; cancelled, it ends with all that it has started.

    Raises ``OSError`` where it cannot be started.
    """
    told = {
        "brain": brain.model_dump(mode="json"),
        "path": str(path),
        "adapter": str(adapter) if adapter else "",
    }
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", str(NICENESS), sys.executable, "-m", "daemon.brain.decide_engine"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # a conversion is a process below it
    )
    try:
        await process.communicate(json.dumps(told).encode())
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it and what it has started, if it has not ended."""
    for told in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, told)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await process.wait()
                return


def decide(brain: BrainSettings, path: Path, adapter: Path | None) -> None:
    """Measure, and convert for OpenVINO if that is quicker. Raises ``DigitalLifeError``."""
    if is_undecided(brain, path, adapter):
        calibrate(brain, path, adapter)
        if choose_engine(brain, path, adapter).engine == "openvino":
            converted(path, adapter)


def main() -> int:
    """Do what standard input says."""
    end_with_parent()
    told = json.load(sys.stdin)
    adapter = Path(told["adapter"]) if told["adapter"] else None
    try:
        decide(BrainSettings.model_validate(told["brain"]), Path(told["path"]), adapter)
    except DigitalLifeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
