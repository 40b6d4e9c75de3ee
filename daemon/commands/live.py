"""``run`` (the daemon) and ``chat`` (the same, typed)."""

import argparse
import asyncio
import logging
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

from daemon.app import Running, run_until_signal, serve
from daemon.brain.history import History
from daemon.commands.brain_options import add_brain_options, with_brain
from daemon.commands.console import (
    Subcommands,
    add_trace_option,
    check_writable,
    err,
    is_watched,
    out,
    show_error,
)
from daemon.commands.film import add_face_option, with_face
from daemon.commands.keys import keys
from daemon.commands.voice_option import add_voice_option, with_voice
from daemon.config import Settings
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.mute import Mute
from daemon.dialogue.personas import find_persona, with_persona
from daemon.dialogue.state import Phase
from daemon.dialogue.trace import Trace
from daemon.errors import DigitalLifeError, StageError, first_failure, named
from daemon.events import Bus, Muted
from daemon.i18n import tr
from daemon.loading import Loader
from daemon.service import beat
from daemon.service.acceptor import raise_descriptor_limit
from daemon.service.alone import alone
from daemon.service.control import Control
from daemon.service.desk import Desk
from daemon.service.lives import again_and_again
from daemon.service.notify import keep_alive, notify
from daemon.service.panel.panel import Panel
from daemon.service.protocol import socket_path
from daemon.terminal import styled
from daemon.worker import CancelToken

log = logging.getLogger(__name__)


def register(commands: Subcommands) -> None:
    """Add the commands."""
    run = commands.add_parser(
        "run",
        help=tr("listen, answer and show the face until Ctrl+C"),
        description=tr(
            "Listens to the microphone and answers aloud, with the face on the virtual camera if "
            "there is one. Speak over it to interrupt. Ctrl+C ends it."
        ),
    )
    add_face_option(run)
    add_voice_option(run)
    add_brain_options(run)
    add_trace_option(run)
    run.set_defaults(run=run_daemon)

    chat = commands.add_parser(
        "chat",
        help=tr("talk to the brain in the terminal, typed"),
        epilog="digital-life chat --brain chatglm --model ~/models/chatglm3-6b",
    )
    add_brain_options(chat)
    chat.set_defaults(run=chat_typed)


def run_daemon(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run until a signal; that is success."""

    def with_options(settings: Settings) -> Settings:
        return with_brain(with_voice(arguments, with_face(settings, arguments.face)), arguments)

    # A core dump would write all of its memory, and with it what was said, to disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    settings = with_options(settings)
    raise_descriptor_limit()
    trace = Trace(arguments.trace) if arguments.trace else None
    if trace is not None:
        check_writable(trace.path)
    err.print(tr("Loading models…"))
    try:
        with trace or nullcontext(), alone():
            run_until_signal(_serve(settings, arguments.config, with_options, trace))
    except KeyboardInterrupt:
        err.print(tr("Stopped."))
    except DigitalLifeError as error:
        notify(STATUS=f"{named(error)} {error.fix}")
        raise
    except BaseExceptionGroup as failures:
        notify(STATUS=named(first_failure(failures)))
        raise
    return 0


async def _serve(
    settings: Settings,
    config: Path | None,
    with_options: Callable[[Settings], Settings],
    trace: Trace | None,
) -> None:
    """Serve, with keys, signals and a socket to steer it."""
    bus = Bus()
    if trace is not None:
        bus.subscribe(ConversationStep, trace.follow)
    mute = Mute(bus)
    desk = Desk(settings, config, mute, with_options, bus)

    def ready(running: Running) -> None:
        desk.ready(running)
        notify(READY=1, STATUS="listening")
        beat.end()
        err.print(tr("Listening. Ctrl+C ends it."))

    if is_watched():  # words are private: a person at the terminal sees them, a log never does
        bus.subscribe(ConversationStep, _print_words)
    _listen_to_signals(mute, desk)
    make_loader = partial(Loader, progress=desk.loading)
    panel = Panel(desk, mute)

    async def live(settings: Settings) -> None:
        persona = find_persona(settings.persona.name, settings)
        chosen = with_persona(settings, persona)
        await serve(chosen, ready, make_loader, mute, bus)

    async with _steered(desk), panel.open(settings.panel):
        serving = asyncio.create_task(again_and_again(desk, live))
        try:
            with keys({"m": mute.toggle_microphone, "c": mute.toggle_camera}) as there_are_keys:
                if there_are_keys:
                    bus.subscribe(Muted, _print_switches)
                    err.print(tr("Keys: m switches the microphone off and on, c the camera."))
                await asyncio.shield(serving)
        except asyncio.CancelledError:  # the terminal is given back before the slow end
            notify(STOPPING=1)
            serving.cancel()
            await serving


def _listen_to_signals(mute: Mute, desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, mute.toggle_microphone)
    if not sys.stdin.isatty():  # whoever closes a terminal wants its programs to end
        loop.add_signal_handler(signal.SIGHUP, desk.reload_soon)


@asynccontextmanager
async def _steered(desk: Desk) -> AsyncIterator[None]:
    """Serve the control socket, where there can be one, and the watchdog, where there is one."""
    path = socket_path()
    if path is None:
        log.warning("no control socket: there is no private folder XDG_RUNTIME_DIR")
    control = Control(desk.answer, desk.bus)
    async with control.open(path) if path else nullcontext():
        alive = asyncio.create_task(keep_alive(desk.ailment), name="watchdog")
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
        out.print(styled((tr("you"), "bold"), f": {reply.turn.words.text}"))


def chat_typed(arguments: argparse.Namespace, settings: Settings) -> int:
    """Read lines, print answers as they are made; Ctrl+D ends it.

    An answer that fails is told and the next question is answered; 1 when any did.
    """
    settings = with_brain(settings, arguments)
    with err.status(tr("Loading models…")):
        brain = Loader(settings).brain()
        brain.warm_up()
    history = History(settings.brain.persona, brain, settings.brain.max_reply_tokens)
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


def _read_line() -> str | None:
    """Return the next line with something on it; ``None`` at the end of the input."""
    line = ""
    while not line:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return None
    return line
