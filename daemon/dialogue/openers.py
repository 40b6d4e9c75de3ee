"""Openers: "Sure," or 好的，, heard while the rest of an answer is still being written.

They are the brain's own words, cut off its answer sooner than a clause would be: nothing is put
before an answer, and none is written otherwise. An opener that nothing follows would be a stumble.
So it is remembered how long the last answers took to their first clause, and an opener waits where
the rest would not follow it within a natural pause.
"""

import asyncio
from collections import deque
from contextlib import suppress

from daemon.brain.sentences import FIRST_ANY_WORDS, FIRST_JOINT_WORDS, words
from daemon.config import Settings
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.streams import Channel
from daemon.dialogue.timing import Timings
from daemon.media import SPEAK_RATE, Audio, Sentence, Speech, joined
from daemon.voice.pauses import pause_after

MAX_GAP_S = 0.3  # of silence after an opener; a comma pauses for half of it anyway
MAX_KEPT = 48  # sounds
MAX_KEPT_S = 1.5  # of a sound that is kept: all together 14 MB at most, as a rule 5
# What follows four words that are cut off, and take 1.2 s to say, is twice as long at most.
BRISK_S = 0.6
REMEMBERED = 4  # answers, of which the slowest counts


class OpenerSounds:
    """What was spoken in one voice, the least recently used given up first."""

    def __init__(self) -> None:
        self._kept: dict[str, Audio] = {}

    def __contains__(self, text: str) -> bool:
        return text in self._kept

    def get(self, text: str) -> Audio | None:
        """Return the sound of ``text`` at ``SPEAK_RATE``, if it is there."""
        if (sound := self._kept.pop(text, None)) is not None:
            self._kept[text] = sound
        return sound

    def keep(self, text: str, pieces: list[Audio]) -> None:
        """Keep the sound of ``text`` (pieces at ``SPEAK_RATE``), unless it is none or too long."""
        if 0 < sum(len(piece.samples) for piece in pieces) <= MAX_KEPT_S * SPEAK_RATE:
            self._kept[text] = joined(pieces)
            if len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]


def voice_settled(conversion: Conversion | None) -> bool:
    """Whether what is spoken now sounds as it will later: no converted voice is still loading."""
    return conversion is None or conversion.loaded


class Openers:
    """What one run knows of openers. Belongs to the event loop's thread."""

    def __init__(self, settings: Settings) -> None:
        """Note what the settings say of them."""
        self.apply_settings(settings)
        self.sounds = OpenerSounds()
        """Made by the voice that is set. A reply keeps to those that were there as it began."""
        self._rests: deque[float] = deque(maxlen=REMEMBERED)  # seconds, for the longest clause

    def apply_settings(self, settings: Settings) -> None:
        """Take over what the settings say of them."""
        self.wanted = settings.dialogue.openers
        """Whether answers may begin with one."""
        self.languages = settings.ears.languages
        """Those in which it is talked to."""

    def forget_sounds(self) -> None:
        """Note that another voice speaks, or the same otherwise."""
        self.sounds = OpenerSounds()

    def note_rest(self, seconds: float, count: float) -> None:
        """Note how long ``count`` words took, from where their writing began to their sound.

        From that follows how long the longest first clause would have taken.
        """
        self._rests.append(seconds * FIRST_ANY_WORDS / max(count, FIRST_JOINT_WORDS))

    @property
    def brisk(self) -> bool:
        """Whether the longest first clause was always there within ``BRISK_S`` lately."""
        return bool(self._rests) and max(self._rests) < BRISK_S

    def earliest(self, cut: float, text: str, sound: Audio) -> float | None:
        """Tell when the opener that was cut at ``cut`` may be heard, though no rest is there yet.

        ``None`` while nothing is known of how long the rest may take.
        """
        if not self._rests:
            return None
        return cut + max(self._rests) - (sound.seconds - pause_after(text)) - MAX_GAP_S


class OpenerHold:
    """Keeps the opener of one reply back as long as the rest might leave a gap after it."""

    def __init__(self, openers: Openers | None, timings: Timings) -> None:
        self._openers, self._timings = openers, timings

    def note_sentence(self, sentence: Sentence) -> None:
        """Take notice of a sentence that has been written."""
        if sentence.opener:
            self._timings.mark("opener_cut")

    def note_sound(self, speech: Speech) -> None:
        """Take notice of sound that has been made, and how soon there is more than an opener."""
        marks = self._timings.marks
        if self._openers is None or speech.sentence.opener or "clause_made" in marks:
            return
        self._timings.mark("clause_made")
        if "first_token" in marks:  # it was thought of
            count = words(speech.sentence.text)
            if "opener_cut" not in marks:
                count -= 1  # the first word was there with the first token
            begin = marks.get("opener_cut", marks["first_token"])
            self._openers.note_rest(marks["clause_made"] - begin, count)

    async def wait(self, speech: Speech, following: Channel[Speech]) -> None:
        """Wait until the first speech of the reply may be heard, for what follows it."""
        if self._openers is None or not speech.sentence.opener:
            return
        cut = self._timings.speech_end + self._timings.marks["opener_cut"]
        earliest = self._openers.earliest(cut, speech.sentence.text, speech.audio)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(earliest):
                await following.ready()
