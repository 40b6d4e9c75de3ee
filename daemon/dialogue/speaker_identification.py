"""Whose voice it is: those who are known, and what tells them apart, on a thread of its own.

While nobody is known nothing is loaded, and nobody is asked. An utterance is judged while it is
still being said (see ``voice_gate.py``), so that an answer seldom waits for that.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from daemon.errors import named
from daemon.media import Audio, Utterance
from daemon.people.person import Embeddings, Person, Profile, Speaker
from daemon.stages import Part
from daemon.worker import Cancelled, CancelToken, Worker

SAME_SHARE = 0.6  # of an utterance, after which the rest of it says nothing new about the voice

log = logging.getLogger(__name__)


class VoiceJudge(Part, Protocol):
    """Tells voices apart. Sound is at ``LISTEN_RATE``."""

    def use(self, profiles: Sequence[Profile]) -> None:
        """Know these voices, and no others, from now on."""

    def identify(self, audio: Audio, cancel: CancelToken) -> Speaker:
        """Return whose of them it is."""

    def voiceprints(self, recordings: Sequence[Audio], cancel: CancelToken) -> Embeddings:
        """Return what is to be remembered of a voice.

        Raises ``InputError`` if there is too little of it, or more than one voice.
        """


class SpeakerIdentification:
    """Belongs to the event loop's thread."""

    def __init__(
        self,
        worker: Worker,
        load: Callable[[], Awaitable[VoiceJudge]],
        profiles: Callable[[], Sequence[Profile]],
    ) -> None:
        """``load`` makes the judge; ``profiles`` reads who is known, on the thread: it blocks."""
        self.changed: Callable[[Sequence[Person]], None] = lambda _people: None
        """Told who is known whenever that was looked at; may be set at any time."""
        self.failed = False
        """Whether somebody is known, and nobody can tell voices apart."""
        self._worker, self._load, self._read = worker, load, profiles
        self._judge: VoiceJudge | None = None
        self._profiles: tuple[Profile, ...] = ()
        self._ahead: tuple[Utterance, Speaker] | None = None  # the newest that was judged ahead
        self._refreshing: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Whether somebody is known, whose voice is to be told from others'."""
        return bool(self._profiles)

    @property
    def people(self) -> list[Person]:
        """Those who are known."""
        return [profile.person for profile in self._profiles]

    async def refresh(self) -> None:
        """Look again who is known, and load what tells voices apart if somebody is."""
        profiles = await self._worker.run(lambda _: tuple(self._read()))
        if profiles or self._judge is not None:
            judge = await self.ready()
            await self._worker.run(lambda _: judge.use(profiles))
        self._profiles, self._ahead = profiles, None
        self.changed(self.people)

    def refresh_soon(self) -> None:
        """Look again who is known, while nobody waits for it."""

        async def refresh() -> None:
            try:
                await self.refresh()
            except Exception as error:  # those before are known
                log.error("who is known: %s", named(error))

        if self._refreshing is not None:
            self._refreshing.cancel()
        self._refreshing = asyncio.ensure_future(refresh())

    async def close(self) -> None:
        """Look no more."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    async def ready(self) -> VoiceJudge:
        """Return what tells voices apart, loaded if need be; raises what is wrong with it."""
        if self._judge is None:
            self.failed = True
            self._judge = await self._load()
            self.failed = False
        return self._judge

    async def identify(self, audio: Audio) -> Speaker:
        """Return whose voice it is; what goes wrong leaves that open."""
        judge = self._judge
        if judge is None:
            return Speaker()
        try:
            return await self._worker.run(judge.identify, audio)
        except Cancelled:
            return Speaker()
        except Exception as error:  # an answer does not depend on it
            log.warning("whose voice it is: %s", named(error))
            return Speaker()

    async def identify_ahead(self, utterance: Utterance) -> Speaker:
        """Return who is saying this, of which more may come."""
        speaker = await self.identify(utterance.audio)
        self._ahead = utterance, speaker
        return speaker

    def known_ahead(self, utterance: Utterance) -> Speaker | None:
        """Return who said this, if they were known by most of it while it was being said.

        Who was not known by so much of it may be known by all.
        """
        if self._ahead is None:
            return None
        judged, speaker = self._ahead
        share = (judged.end - judged.start) / max(1, utterance.end - utterance.start)
        same = judged.start == utterance.start and SAME_SHARE <= share <= 1
        return speaker if same and speaker.person is not None else None

    async def voiceprints(self, recordings: Sequence[Audio]) -> Embeddings:
        """Return what is to be remembered of a voice; see ``VoiceJudge``."""
        judge = await self.ready()
        return await self._worker.run(judge.voiceprints, recordings)
