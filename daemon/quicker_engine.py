"""The library that computes the brain, found out while nobody talks, and used from then on.

``digital-life setup`` and ``brain`` measure it, too. A daemon that was only installed or upgraded
does so by itself: after some minutes in which nobody has spoken, on mains, while no other program
computes and there is memory for it. Whoever speaks meanwhile ends it, and it is tried again later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from daemon.brain.choice import gguf_files
from daemon.brain.decide_engine import decide_apart
from daemon.brain.engine_choice import NAMES, choose_engine, is_undecided
from daemon.brain.hardware import SPARE, free_memory
from daemon.brain.local_model import LocalModel
from daemon.components import Components
from daemon.dialogue.state import Phase
from daemon.errors import DigitalLifeError, named
from daemon.events import StateChanged
from daemon.i18n import tr
from daemon.power import on_battery
from daemon.processor_load import PROCESSORS
from daemon.running import Running

IDLE_S = 120.0  # of silence before it begins, and again after somebody has spoken
POLL_S = 5.0
BUSY = 0.5  # of one processor, taken by other programs: then a measurement says little
SIZES = 3  # of the model's file: what converting it takes of the memory, at most

Files = tuple[Path, Path | None]
Decide = Callable[..., Awaitable[None]]

log = logging.getLogger(__name__)


async def use_quicker_engine(running: Running, decide: Decide = decide_apart) -> None:
    """Find out what computes the brain quicker, if that is not known, and use it; then return.

    ``decide`` takes the brain's settings, the model and its adapter, and remembers what it finds.
    """
    components, thinking = running.components, running.session.parts.thinking
    look = partial(undecided, components)
    stirred = asyncio.Event()
    unsubscribe = running.bus.subscribe(StateChanged, lambda _: stirred.set())
    try:
        while True:
            await _until_idle(running, stirred)
            if (files := await thinking.run(lambda _: look())) is None:
                return
            if not has_room(files[0]):
                continue
            if await _undisturbed(decide(components.settings.brain, *files), stirred):
                break
    finally:
        unsubscribe()
    if await thinking.run(lambda _: look()) is not None:
        log.info("%s", tr("Which engine runs the brain faster could not be measured."))
        return
    await _use(running, files)


def undecided(components: Components) -> Files | None:
    """Return the model and its adapter, if it is not known yet what computes them quicker."""
    brain = components.settings.brain
    if brain.kind != "llamacpp" or brain.engine != "auto":
        return None
    try:
        files = gguf_files(brain, brain.model, components.store)
        return files if is_undecided(brain, *files) else None
    except (DigitalLifeError, OSError) as error:
        log.debug("no engine is chosen: %s", error)
        return None


def has_room(model: Path) -> bool:
    """Whether there is memory for a model to be converted, and for two of them while they change.

    Also whether this is a good moment: on mains, with no other program at work.
    """
    try:
        fits = free_memory() > SIZES * model.stat().st_size + SPARE
    except OSError:  # it was removed just now
        return False
    return fits and not on_battery() and PROCESSORS.others() < BUSY


async def _until_idle(running: Running, stirred: asyncio.Event) -> None:
    """Wait until nothing has happened for a while."""
    while True:
        stirred.clear()
        try:
            async with asyncio.timeout(IDLE_S):
                await stirred.wait()
        except TimeoutError:
            if running.session.state.phase is Phase.LISTENING:
                PROCESSORS.look()
                await asyncio.sleep(POLL_S)
                if not stirred.is_set():
                    return


async def _undisturbed(work: Awaitable[None], stirred: asyncio.Event) -> bool:
    """Do it; False if somebody spoke before it was done, which ends it."""
    doing, stirring = asyncio.ensure_future(work), asyncio.ensure_future(stirred.wait())
    try:
        await asyncio.wait((doing, stirring), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stirring.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait((doing,))
    if doing.cancelled():
        return False
    if (error := doing.exception()) is not None:
        log.warning("%s", named(error))
    return True


async def _use(running: Running, files: Files) -> None:
    """Load the brain on what was quicker, and put it in the place of the old one in a silence."""
    components, session = running.components, running.session
    before = session.parts
    chosen = await before.thinking.run(lambda _: choose_engine(components.settings.brain, *files))
    used = before.chat_model
    if not isinstance(used, LocalModel) or used.engine_name == NAMES[chosen.engine]:
        return
    worker = components.worker("brain")
    try:
        model = await components.make(worker, components.brain)
    except DigitalLifeError as error:  # the old one goes on
        log.warning("%s", named(error))
        await worker.close()
        return
    while session.state.phase is not Phase.LISTENING:  # noqa: ASYNC110 (it says so to nobody)
        await asyncio.sleep(POLL_S)
    running.chat.use(model, worker)
    session.use(chat_model=model, thinking=worker)
    await components.release(before.thinking, used)
    await before.thinking.close()
