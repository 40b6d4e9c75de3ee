"""Real-time priority for the threads that sound waits for, where the system grants it.

A thread of sound has a few milliseconds, however busy the other programs are. Who may, gives its
threads such a priority; for the others rtkit does, which PulseAudio and browsers ask as well
(https://gitlab.freedesktop.org/pipewire/rtkit). It is another process that does it, so nothing of
ours needs a privilege, and a service may keep ``RestrictRealtime=yes``.

rtkit wants a limit (``RLIMIT_RTTIME``) to what such a thread computes without a rest. The kernel
tells of the first half of it by SIGXCPU, and then the threads are made ordinary ones again; what
went on for all of it would end the process.
"""

import asyncio
import logging
import os
import resource
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import named
from daemon.worker import Worker

if TYPE_CHECKING:
    from jeepney import Message

PRIORITY = 5  # of 1 to 99: what PulseAudio asks for; a sound server's own threads come no later
SOFT_US, HARD_US = 100_000, 200_000  # of computing without a rest: rtkit allows 200 ms
TIMEOUT_S = 1.0  # for an answer of rtkit
RECEIVED = 4096  # bytes taken of the bus at a time
SERVER_THREADS = ("threaded-ml",)
"""Names of libpulse's threads in this process, which PortAudio's wait for."""

log = logging.getLogger(__name__)


class RealtimePriority:
    """Given to threads by their numbers in the kernel. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._given: frozenset[int] = frozenset()
        self._possible = False

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Give it only while the block runs, in which SIGXCPU takes it back."""
        loop = asyncio.get_running_loop()
        if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK != os.SCHED_OTHER:
            yield  # all of it was started so: what limits a thread would end the models' work
            return
        try:
            loop.add_signal_handler(signal.SIGXCPU, self.take_back)
        except (NotImplementedError, RuntimeError, ValueError):  # not in the main thread
            yield
            return
        self._possible = True
        try:
            yield
        finally:
            self._make_ordinary()  # before SIGXCPU would end the process
            loop.remove_signal_handler(signal.SIGXCPU)

    def wanted(self, threads: Iterable[int]) -> bool:
        """Whether ``give`` is to be called for the threads that there are now."""
        return self._possible and not of_sound(threads) <= self._given

    async def follow(self, threads: Iterable[int], worker: Worker) -> None:
        """Give it to the threads that there are now, also to those of a device opened anew."""
        if self.wanted(threads):
            await worker.run(lambda _: self.give(threads))

    def give(self, threads: Iterable[int]) -> None:
        """Give it to all these threads and the sound server's; waits for rtkit, in any thread."""
        now = of_sound(threads)
        new = (now | frozenset(server_threads())) - self._given
        self._given = now | frozenset(server_threads())
        try:
            resource.setrlimit(resource.RLIMIT_RTTIME, (SOFT_US, HARD_US))
            for thread in new:
                try:
                    set_policy(thread, os.SCHED_RR, PRIORITY)
                except PermissionError:
                    ask_rtkit(thread)
        except (OSError, ValueError) as error:
            self._possible = False
            log.debug("sound has no real-time priority: %s", named(error))

    def take_back(self) -> None:
        """Make the threads ordinary ones, and give it to none any more: one of them runs wild."""
        self._make_ordinary()
        log.warning("a thread of sound ran without a rest: it has no real-time priority any more")

    def _make_ordinary(self) -> None:
        self._possible = False
        for thread in self._given:
            with suppress(OSError):  # it has ended
                set_policy(thread, os.SCHED_OTHER, 0)


def of_sound(threads: Iterable[int]) -> frozenset[int]:
    """Return those that are threads (0 is none), without the main one, which has other work, too.

    It would be ended with the whole process for computing a quarter of a second.
    """
    return frozenset(threads) - {0, threading.main_thread().native_id}


def server_threads() -> Iterator[int]:
    """Yield the threads of this process that talk to the sound server for PortAudio."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has just ended
            if (task / "comm").read_text().strip() in SERVER_THREADS:
                yield int(task.name)


def set_policy(thread: int, policy: int, priority: int) -> None:
    """Set a thread's policy, which what it starts does not inherit; ``OSError`` if it may not be.

    That it is not inherited can be given up by the privileged alone, so it stays.
    """
    os.sched_setscheduler(thread, policy | os.SCHED_RESET_ON_FORK, os.sched_param(priority))


def ask_rtkit(thread: int) -> None:
    """Have rtkit give it to a thread of this process; ``OSError`` or ``ValueError`` if it does not.

    On the bus that ``DBUS_SYSTEM_BUS_ADDRESS`` names, or the system's. A bus that says nothing, or
    something else again and again, is given up after ``TIMEOUT_S``.
    """
    from jeepney import DBusAddress, MessageType, message_bus, new_method_call

    name = "org.freedesktop.RealtimeKit1"
    rtkit = DBusAddress("/org/freedesktop/RealtimeKit1", bus_name=name, interface=name)
    asked = new_method_call(rtkit, "MakeThreadRealtime", "tu", (thread, PRIORITY))
    try:
        answers = _answers((message_bus.Hello(), asked), time.monotonic() + TIMEOUT_S)
    except OSError:
        raise
    # What is no address, and what is no message, raise errors without a common base.
    except Exception as error:
        raise ValueError(f"no answer of a bus: {named(error)}") from error
    for answer in answers:
        if answer.header.message_type is MessageType.error:
            raise PermissionError(f"rtkit: {' '.join(map(str, answer.body))}")


def _answers(messages: Sequence["Message"], deadline: float) -> "list[Message]":
    """Return what the system bus answers to each message; ``deadline`` is of the monotonic clock.

    jeepney's own connection would wait without end for the answer to its first message.
    """
    from jeepney import HeaderFields, Parser
    from jeepney.bus import get_bus
    from jeepney.io.blocking import prep_socket

    found, parser = list["Message"](), Parser()
    with prep_socket(get_bus("SYSTEM"), timeout=TIMEOUT_S) as bus:
        for serial, message in enumerate(messages, 1):
            bus.settimeout(_left(deadline))
            bus.sendall(message.serialise(serial))
            while len(found) < serial:
                bus.settimeout(_left(deadline))
                if (said := parser.get_next_message()) is None:
                    if not (received := bus.recv(RECEIVED)):
                        raise ConnectionResetError("the bus has hung up")
                    parser.add_data(received)
                elif said.header.fields.get(HeaderFields.reply_serial) == serial:
                    found.append(said)
    return found


def _left(deadline: float) -> float:
    """Return the seconds until then; ``TimeoutError`` where there are none."""
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError("the bus does not answer")
    return left
