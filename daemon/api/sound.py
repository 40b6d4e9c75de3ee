"""Its voice in the page, by WebRTC. Wants the extra ``panel-sound``.

What the loudspeaker plays is sent once more, 40 ms behind; only on loopback, as the page is.
"""

import asyncio
import fractions
import logging

import aioice.ice
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame

from daemon.audio.ring_buffer import RingBuffer
from daemon.errors import DigitalLifeError, InputError
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, Samples

MAX_LISTENERS = 4  # pages that may listen at once
SIZE = SPEAK_RATE // 50  # samples in a frame: 20 ms, as Opus likes it
BEHIND = 2 * SIZE  # what is sent must have been played already
ASTRAY = 10 * SIZE  # a device's clock and ours part by seconds a day: then a jump

# Else it would open ports on every network that the machine is in.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]  # noqa: ARG005
for name in ("aioice", "aiortc"):
    logging.getLogger(name).setLevel(logging.WARNING)


class VoiceTrack(MediaStreamTrack):
    """What a loudspeaker plays, from now on."""

    kind = "audio"

    def __init__(self, played: RingBuffer) -> None:
        super().__init__()
        self._played = played
        self._start = 0.0
        self._sent = 0
        self._position = 0

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms when their time has come."""
        now = asyncio.get_running_loop().time()
        if not self._sent:
            self._start = now
        await asyncio.sleep(max(0.0, self._start + self._sent / SPEAK_RATE - now))
        samples = self.next_samples()
        frame = AudioFrame(format="s16", layout="mono", samples=SIZE)
        frame.planes[0].update((samples.clip(-1, 1) * 32767).astype(np.int16).tobytes())
        frame.sample_rate, frame.time_base = SPEAK_RATE, fractions.Fraction(1, SPEAK_RATE)
        frame.pts = self._sent
        self._sent += SIZE
        return frame

    def next_samples(self) -> Samples:
        """Return 20 ms that were played, mono; they follow the last ones unless those are astray.

        While the loudspeaker's device rests nothing is played. Who then went on would be ahead of
        what is played from then on, and send silence for good.
        """
        wanted = self._played.written - BEHIND
        if not wanted - ASTRAY <= self._position <= wanted + BEHIND - SIZE:
            self._position = wanted
        samples = self._played.excerpt(self._position, SIZE)
        self._position += SIZE
        return samples


class Listeners:
    """The pages that listen. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._peers: set[RTCPeerConnection] = set()

    async def answer(self, played: RingBuffer, offer: str) -> str:
        """Begin to send; return the answer to a page's offer, both in SDP."""
        if len(self._peers) >= MAX_LISTENERS:
            raise DigitalLifeError(tr("Too many pages listen already."))
        peer = RTCPeerConnection()
        self._peers.add(peer)

        async def changed() -> None:
            if peer.connectionState in ("failed", "closed"):
                await self._end(peer)

        peer.on("connectionstatechange", changed)
        try:
            peer.addTrack(VoiceTrack(played))
            await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await peer.setLocalDescription(await peer.createAnswer())
        except Exception as error:
            await self._end(peer)
            raise InputError(tr("The page's offer is not understood.")) from error
        return str(peer.localDescription.sdp)

    async def _end(self, peer: RTCPeerConnection) -> None:
        self._peers.discard(peer)
        await peer.close()

    async def close(self) -> None:
        """Send nothing any more."""
        await asyncio.gather(*(self._end(peer) for peer in list(self._peers)))
