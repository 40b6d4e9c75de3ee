"""The doctor's look, for whoever asks the running daemon for it."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from daemon.api.answers import Examination
from daemon.errors import DigitalLifeError
from daemon.i18n import tr

TIMEOUT_S = 60.0


async def examine(config: Path | None, language: str) -> Examination:
    """Return what `digital-life doctor` finds, in ``language``.

    A process of its own, because it looks at devices that the daemon may be opening anew.
    """
    options = ["--config", str(config)] if config else []
    environment = os.environ | {"LC_ALL": "zh_CN.UTF-8" if language == "zh" else "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "daemon", *options, "doctor", "--json"),
        env=environment | {"PYTHONUTF8": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            printed, _ = await process.communicate()
        found = json.loads(printed)
        findings = found["findings"] if isinstance(found, dict) else found
        return Examination.model_validate({"findings": findings})
    except (TimeoutError, ValueError):  # pydantic's errors are ValueErrors, too
        raise DigitalLifeError(tr("The doctor came to no end."), "digital-life doctor") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
