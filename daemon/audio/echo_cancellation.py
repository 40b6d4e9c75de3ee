"""Takes what the loudspeaker plays out of what the microphone hears.

The canceller is WebRTC's (``livekit.rtc.AudioProcessingModule``). It learns the way from
loudspeaker to microphone by itself; what it needs is, for every 10 ms of microphone, the 10 ms
that were leaving the loudspeaker at that moment. Both devices tell their moments
(``ring_buffer.py``).
"""

import logging
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from daemon.audio.ring_buffer import RingBuffer
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, SPEAK_RATE, Samples

if TYPE_CHECKING:
    from livekit.rtc import AudioFrame

FRAME = LISTEN_RATE // 100  # samples: WebRTC works on 10 ms
FAR_FRAME = SPEAK_RATE // 100
FRAME_S = 0.01
# What is played is given this much early, because the moments that devices tell are not exact and
# an echo that came before its sound could not be cancelled.
LEAD_S = 0.02
# WebRTC follows a change of the delay itself, but lets echo through for up to a second. So the two
# are left as they are for as long as it could follow: unless for some time an echo came before its
# sound, or later than it looks for. What moments tell right after a gap is not exact: PulseAudio
# takes seconds to find out. While nothing is played the two may be brought together sooner, but not
# for the few milliseconds by which moments wander on a busy machine: speech has silences, too.
LATE_S, EARLY_S, EARLY_IN_SILENCE_S = 0.01, 0.15, 0.04
MAX_SILENT_FRAMES = 50  # frames
# Nothing can echo this long after the last sound: the canceller rests, which is most of the day.
REST_S = 1.0
TAIL_S = 0.4  # half-duplex: a room and a sound server are heard this much longer than the sound

Mode = Literal["cancel", "half-duplex", "off"]

log = logging.getLogger(__name__)


class FarEnd:
    """What was played, cut into frames that are in step with the microphone's."""

    def __init__(self, played: RingBuffer) -> None:
        self._played = played
        self._next = 0
        self._silent = True
        self._apart = 0  # frames

    def frame(self, moment: float) -> Samples:
        """Return the 10 ms that left the loudspeaker at ``moment``, less the lead.

        Successive calls get successive sound, until the two are too far apart.
        """
        if not self._follow(moment):
            return np.zeros(FAR_FRAME, np.float32)
        frame = self._played.excerpt(self._next, FAR_FRAME)
        self._next += FAR_FRAME
        self._silent = not frame.any()
        return frame

    def skip(self, moment: float, frames: int) -> bool:
        """Pass over so many frames at once, as ``frame`` would, if nothing was played in them.

        False where something was, or just before; then nothing is passed over.
        """
        if not self._silent:
            return False
        if self._follow(moment):
            if self._played.excerpt(self._next, frames * FAR_FRAME).any():
                return False
            self._next += frames * FAR_FRAME
        return True

    def _follow(self, moment: float) -> bool:
        """Bring the two together where they are too far apart; False if nothing was ever played."""
        begin = self._played.begin(self._next)
        if begin is None:
            return False
        due = round((moment + LEAD_S - begin) * SPEAK_RATE)
        early_s, patience = (
            (EARLY_IN_SILENCE_S, 0) if self._silent else (EARLY_S, MAX_SILENT_FRAMES)
        )
        near = -early_s * SPEAK_RATE <= due - self._next <= LATE_S * SPEAK_RATE
        self._apart = 0 if near else self._apart + 1
        if self._apart > patience:
            begin = self._played.begin(due) or begin
            self._next = round((moment + LEAD_S - begin) * SPEAK_RATE)
            self._apart = 0
        return True


class WebRtcCanceller:
    """WebRTC's audio processing, frame by frame."""

    def __init__(self, echo: bool, noise_suppression: bool, gain_control: bool) -> None:
        """Start the library; whatever that raises is raised."""
        from livekit import rtc  # takes half a second, and may be missing

        self._rtc: Final = rtc
        self._echo = echo
        self._module = rtc.AudioProcessingModule(
            echo_cancellation=echo,
            noise_suppression=noise_suppression,
            auto_gain_control=gain_control,
        )
        if echo:
            # Only where the search begins: WebRTC finds the delay itself.
            self._module.set_stream_delay_ms(round(LEAD_S * 1000))

    def process(self, near: Samples, far: Samples) -> Samples:
        """Return ``near`` (``FRAME`` samples) without the echo of ``far`` (``FAR_FRAME``)."""
        if self._echo:
            self._module.process_reverse_stream(self._frame(far, SPEAK_RATE))
        frame = self._frame(near, LISTEN_RATE)
        self._module.process_stream(frame)
        pcm = np.frombuffer(frame.data, np.int16)
        return pcm.astype(np.float32) / np.float32(32768)

    def _frame(self, samples: Samples, rate: int) -> "AudioFrame":
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        return self._rtc.AudioFrame(bytearray(pcm.tobytes()), rate, 1, len(pcm))


class EchoCanceller:
    """What is between the microphone and the ears. Belongs to the ears' thread."""

    def __init__(
        self,
        mode: Mode,
        played: RingBuffer,
        noise_suppression: bool = False,
        gain_control: bool = False,
    ) -> None:
        """``played`` is what the loudspeaker plays, at ``SPEAK_RATE``.

        Without its library it hears nothing while it speaks, and the log says so.
        """
        self.half_duplex = mode == "half-duplex"
        self._cancels: Final = mode == "cancel"
        self._always: Final = noise_suppression or gain_control
        self._far = FarEnd(played)
        self._rest: Samples = np.empty(0, np.float32)  # not a whole frame yet
        self._sounded = float("-inf")  # when something was last played
        self._canceller: WebRtcCanceller | None = None
        if self._cancels or self._always:
            try:
                self._canceller = WebRtcCanceller(self._cancels, noise_suppression, gain_control)
            except Exception as error:  # whatever ails the library
                self._do_without(error)

    def clean(self, samples: Samples, moment: float) -> Samples:
        """Return the sound (``LISTEN_RATE``, any length) without echo, in whole frames.

        ``moment`` is the ``time.monotonic()`` at which the first sample was at the microphone.
        """
        sound = np.concatenate([self._rest, samples])
        moment -= len(self._rest) / LISTEN_RATE
        whole = len(sound) - len(sound) % FRAME
        self._rest = sound[whole:]
        rests = moment - self._sounded >= REST_S and not self._always
        if rests and self._far.skip(moment, whole // FRAME):
            return sound[:whole]
        cleaned = np.empty(whole, np.float32)
        for start in range(0, whole, FRAME):
            near = sound[start : start + FRAME]
            cleaned[start : start + FRAME] = self._frame(near, moment + start / LISTEN_RATE)
        return cleaned

    def _frame(self, near: Samples, moment: float) -> Samples:
        far = self._far.frame(moment)
        if far.any():
            self._sounded = moment
        since = moment - self._sounded
        if self._canceller is not None and (since < REST_S or self._always):
            try:
                near = self._canceller.process(near, far)
            except Exception as error:  # whatever ails the library
                self._do_without(error)
        if self.half_duplex and since < TAIL_S:
            return np.zeros(FRAME, np.float32)
        return near

    def _do_without(self, error: Exception) -> None:
        text = (
            tr("The echo cannot be cancelled, so it hears nothing while it speaks: {reason}")
            if self._cancels
            else tr("The microphone's sound is taken as it is: {reason}")
        )
        log.warning(text.format(reason=error))
        self._canceller = None
        self.half_duplex = self.half_duplex or self._cancels
