"""``digital-life`` for tests: it looks for a quicker engine after seconds, and OpenVINO has won.

How quick each is, is measured as ever, in a process of its own; only what it finds is set.
"""

import functools
from pathlib import Path

from daemon import __main__, quicker_engine, run_once
from daemon.brain.decide_engine import decide_apart
from daemon.brain.engine_choice import KnownEngines
from daemon.config import BrainSettings

IDLE_S, POLL_S = 2.0, 0.5


async def decide(brain: BrainSettings, path: Path, adapter: Path | None) -> None:
    """Measure, and have it converted though it may have lost on this machine."""
    await decide_apart(brain, path, adapter)
    KnownEngines(brain).keep(path, adapter, {"openvino": 0.1, "llama.cpp": 0.2})
    await decide_apart(brain, path, adapter)


if __name__ == "__main__":
    quicker_engine.IDLE_S, quicker_engine.POLL_S = IDLE_S, POLL_S
    quicker_engine.BUSY = float("inf")  # whatever else the machine that tests does
    run_once.use_quicker_engine = functools.partial(  # type: ignore[attr-defined]
        quicker_engine.use_quicker_engine, decide=decide
    )
    raise SystemExit(__main__.main())
