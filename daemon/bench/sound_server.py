"""A PulseAudio of one's own: private sockets, no sound card, nothing of the user's touched.

What is played into the sink ``mouth`` is what the daemon's ``microphone`` hears; what the daemon
plays arrives in the sink ``room``. Both are one channel each of the sink ``world``, so that a
recording of ``world.monitor`` (mouth left, room right) has both on one clock, to the sample.
"""

import contextlib
import math
import os
import shutil
import subprocess
import time
import wave
from pathlib import Path
from types import TracebackType

import numpy as np

from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.media import Audio
from daemon.system_packages import SOUND_SERVER, install_line

PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec")
START_S = 20.0  # a loaded machine may take seconds to start it
STOP_S = 10.0
REALTIME = 5  # a desktop's sound server has such a priority, where it may; niceness is not enough
ORPHAN_S = 300  # without any client it ends: whoever started it was killed, or is slow to begin

RATE = 48_000  # of all sinks
SURROUND_PEAK = 0.4  # module-virtual-surround-sink brings the highest peak of its responses to this

# Without ALSA's own configuration: PortAudio then finds no real card, only this server.
ALSA_CONFIG = """\
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
MODULES = (
    "module-null-sink sink_name=world rate=48000 channels=2",
    "module-remap-sink sink_name=room master=world channels=1"
    " master_channel_map=front-right channel_map=mono remix=no",
    "module-remap-sink sink_name=mouth master=world channels=1"
    " master_channel_map=front-left channel_map=mono remix=no",
    # not the monitor of mouth: an echo comes into world
    "module-remap-source source_name=microphone master=world.monitor channels=1"
    " master_channel_map=front-left channel_map=mono remix=no",
)


def missing_programs() -> str:
    """Name what is not installed."""
    return " ".join(name for name in PROGRAMS if not shutil.which(name))


class SoundServer:
    """Runs while the ``with`` block does; programs started with ``env`` use it and no other."""

    def __init__(self, folder: Path) -> None:
        """``folder``: an empty one of its own. Raises ``DeviceError`` if PulseAudio is missing."""
        if missing := missing_programs():
            raise DeviceError(
                tr("PulseAudio is needed for this; not installed: {names}.").format(names=missing),
                install_line(*SOUND_SERVER),
            )
        self.folder = folder
        self.config = folder / "config.toml"
        """For the settings of what is measured on it."""
        self.env = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "SoundServer":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> None:
        """Start the server and wait until it answers."""
        (self.folder / "asound.conf").write_text(ALSA_CONFIG)
        socket = f"module-native-protocol-unix auth-anonymous=1 socket={self.folder}/native"
        loads = [word for module in (socket, *MODULES) for word in ("-L", module)]
        self._process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", f"--exit-idle-time={ORPHAN_S}",
             "--disable-shm=yes", *loads],
            # a home of its own: it would write its state into the user's
            env={**self.env, "HOME": str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is for us, who end it in order
        )  # fmt: skip
        make_realtime(self._process.pid)
        deadline = time.monotonic() + START_S
        while self._pactl("info").returncode != 0:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise DeviceError(tr("PulseAudio did not start."), install_line(*SOUND_SERVER))
            time.sleep(0.1)
        self.pactl("set-default-sink", "room")
        self.pactl("set-default-source", "microphone")

    def pactl(self, *command: str) -> str:
        """Run ``pactl`` and return what it prints; ``DeviceError`` if it fails."""
        done = self._pactl(*command)
        if done.returncode != 0:
            raise DeviceError(
                tr("PulseAudio refused {command}: {reason}").format(
                    command=" ".join(command), reason=done.stderr.strip()
                )
            )
        return done.stdout

    def echo(self, response: Audio) -> None:
        """Add the sink ``loudspeaker``: heard in ``room`` as it is, in ``mouth`` by ``response``.

        ``response`` is that of a room, from loudspeaker to microphone. The server itself convolves,
        so that the way keeps its length to the sample, however busy the machine is.
        """
        # the channels of world; three times the taps have three times the gain
        ears = {"left": response.at_rate(RATE).samples * np.float32(response.rate / RATE)}
        ears["right"] = np.zeros_like(ears["left"])
        ears["right"][0] = 1
        loudest = max(float(np.abs(samples).max()) for samples in ears.values())
        for name, samples in ears.items():
            write_wav(self.folder / f"{name}.wav", Audio(samples / np.float32(loudest), RATE))
        self.pactl(
            "load-module", "module-virtual-surround-sink", "sink_name=loudspeaker", "master=world",
            "channels=1", "channel_map=mono",
            *(f"hrir_{name}={self.folder}/{name}.wav" for name in ears),
        )  # fmt: skip
        gain_db = 20 * math.log10(loudest / SURROUND_PEAK)
        self.pactl("set-sink-volume", "loudspeaker", f"{gain_db:+.2f}dB")
        self.pactl("set-default-sink", "loudspeaker")

    def _pactl(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["pactl", *command],
            env=self.env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_S,
        )

    def stop(self, *, kill: bool = False) -> None:
        """End the server; ``kill`` it without asking, as a crash would."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        end(self._process)
        self._process = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def make_realtime(process: int) -> None:
    """Run a process, 0 for ours, before all that are not real-time; where that is allowed."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(process, os.SCHED_RR, os.sched_param(REALTIME))


def write_wav(path: Path, audio: Audio) -> None:
    """Write sound as 16-bit mono, for the programs of the sound server."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.rate)
        file.writeframes((np.clip(audio.samples, -1, 1) * 32767).astype(np.int16).tobytes())


def end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was asked to end, and kill it when it does not."""
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)
