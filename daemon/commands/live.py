"""What ``run`` (the daemon) and ``chat`` (the same, typed) do."""

import argparse
import asyncio
import logging
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.api.acceptor import raise_descriptor_limit
from daemon.api.serving import serve_api
from daemon.brain.here_and_now import whereabouts, zone_name
from daemon.brain.history import History
from daemon.brain.style import load_style
from daemon.commands.brain_options import with_brain
from daemon.commands.console import (
    check_writable,
    err,
    is_watched,
    out,
    show_error,
)
from daemon.commands.double_option import choosing_double, with_double
from daemon.commands.film import with_face
from daemon.commands.keys import keys
from daemon.commands.voice_option import with_voice
from daemon.components import Components
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.state import Phase
from daemon.dialogue.trace import Trace
from daemon.errors import DigitalLifeError, StageError, first_failure, named
from daemon.events import Muted, Ready, Stopping
from daemon.i18n import tr
from daemon.people.person import person_of
from daemon.server import Daemon
from daemon.service.manager import tell_service_manager
from daemon.service.notify import keep_alive, notify
from daemon.service.single_instance import single_instance
from daemon.signals import run_until_signal
from daemon.stages import ChatModel
from daemon.terminal import styled
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from daemon.config import Settings

log = logging.getLogger(__name__)


def run_daemon(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Run until a signal; that is success."""

    def with_options(settings: "Settings") -> "Settings":
        chosen = choosing_double(arguments, with_face(settings, arguments.face))
        return with_brain(with_voice(arguments, chosen), arguments)

    # A core dump would write all of its memory, and with it what was said, to disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    settings = with_options(settings)
    raise_descriptor_limit()
    trace = Trace(arguments.trace) if arguments.trace else None
    if trace is not None:
        check_writable(trace.path)
    err.print(tr("Loading models…"))
    try:
        with trace or nullcontext(), single_instance():
            run_until_signal(_serve(settings, arguments.config, with_options, trace))
    except KeyboardInterrupt:
        err.print(tr("Stopped."))
    except (DigitalLifeError, BaseExceptionGroup) as raised:
        error = first_failure(raised) if isinstance(raised, BaseExceptionGroup) else raised
        fix = error.fix if isinstance(error, DigitalLifeError) else ""
        notify(STATUS=f"{named(error)} {fix}".rstrip())
        if isinstance(error, DigitalLifeError) and not is_watched(sys.stderr):
            error.withhold()  # standard error is the journal of a service, or another log
        raise
    return 0


async def _serve(
    settings: "Settings",
    config: Path | None,
    with_options: Callable[["Settings"], "Settings"],
    trace: Trace | None,
) -> None:
    """Serve, with keys, signals and a socket to steer it."""
    daemon = Daemon(settings, config, with_options)
    bus = daemon.bus
    if trace is not None:
        bus.subscribe(ConversationStep, trace.follow)
    tell_service_manager(bus)
    bus.subscribe(Ready, lambda _: err.print(tr("Listening. Ctrl+C ends it.")))
    if is_watched():  # words are private: a person at the terminal sees them, a log never does
        bus.subscribe(ConversationStep, _print_words)
    _obey_signals(daemon)
    async with _watched(daemon), serve_api(daemon, settings.panel):
        serving = asyncio.create_task(daemon.run_with_restarts())
        switches = {"m": daemon.mute.toggle_microphone, "c": daemon.mute.toggle_camera}
        try:
            with keys(switches) as there_are_keys:
                if there_are_keys:
                    bus.subscribe(Muted, _print_switches)
                    err.print(tr("Keys: m switches the microphone off and on, c the camera."))
                await asyncio.shield(serving)
        except asyncio.CancelledError:  # the terminal is given back before the slow end
            bus.publish(Stopping())
            serving.cancel()
            await serving


def _obey_signals(daemon: Daemon) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()  # the loop alone would forget them

    def reload_soon() -> None:
        task = asyncio.create_task(_reload(daemon))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGUSR1, daemon.mute.toggle_microphone)
    if not sys.stdin.isatty():  # whoever closes a terminal wants its programs to end
        loop.add_signal_handler(signal.SIGHUP, reload_soon)


async def _reload(daemon: Daemon) -> None:
    """Read the settings again; nobody but the log is there to be told how that went."""
    try:
        await daemon.reload()
    except DigitalLifeError as error:
        log.error("%s %s", error, error.fix)


@asynccontextmanager
async def _watched(daemon: Daemon) -> AsyncIterator[None]:
    """Ping the service manager's watchdog, where there is one, while the block runs."""
    alive = asyncio.create_task(keep_alive(daemon.unhealthy_component), name="watchdog")
    try:
        yield
    finally:
        alive.cancel()
        await asyncio.wait([alive])


def _print_switches(muted: Muted) -> None:
    off, on = (tr("off"), "bold red"), (tr("on"), "green")
    microphone, camera = (off if is_off else on for is_off in (muted.microphone, muted.camera))
    err.print(styled(f"{tr('microphone')}: ", microphone, f"   {tr('camera')}: ", camera))


def _print_words(step: ConversationStep) -> None:
    reply = step.reply
    if step.state.phase is Phase.SPEAKING and reply is not None and reply.turn.words is not None:
        known = person_of(reply.turn.speaker)
        name = known.name if known is not None else tr("you")
        out.print(styled((name, "bold"), f": {reply.turn.words.text}"))


def chat_typed(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Read lines, print answers as they are made; Ctrl+D ends it.

    An answer that fails is told and the next question is answered; 1 when any did.
    """
    settings = with_brain(with_double(arguments, settings), arguments)
    with err.status(tr("Loading models…")):
        brain = loaded_brain(settings)
    history = History(settings.brain.persona, brain, settings.brain.max_reply_tokens)
    history.style = load_style(settings.brain.style)
    history.whereabouts = whereabouts(settings.dialogue.place, zone_name())
    failed = False
    try:
        if sys.stdin.isatty():
            err.print(tr("Type and press Enter; Ctrl+D ends it."))
        while (question := _read_line()) is not None:
            answer = ""
            try:
                for piece in brain.reply(history.messages(question), CancelToken()):
                    answer += piece
                    out.print(piece, end="", markup=False)
            except StageError as error:
                if answer:
                    out.print()
                show_error(error)
                failed = True
            else:
                out.print()
            history.commit(question, answer)
    finally:
        brain.close()
    return 1 if failed else 0


def loaded_brain(settings: "Settings") -> ChatModel:
    """Load the brain on a thread of its own.

    Only the main one is interrupted, and llama.cpp, interrupted between its start and its work,
    would wait for itself for ever.
    """

    def load() -> ChatModel:
        brain = Components(settings).brain()
        try:
            brain.warm_up()
        except BaseException:
            brain.close()
            raise
        return brain

    loading = ThreadPoolExecutor(1, "brain")
    try:
        return loading.submit(load).result()
    finally:
        loading.shutdown(wait=False)


def _read_line() -> str | None:
    """Return the next line with something on it; ``None`` at the end of the input."""
    line = ""
    while not line:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return None
    return line
