"""What the face's picture says: the words as they are heard, and what goes on."""

from collections.abc import Callable
from dataclasses import dataclass

from daemon.audio.player import Player
from daemon.bus import Bus
from daemon.config import Settings
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.mute import Mute
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase
from daemon.face.overlay import NOTHING, Caption, Sign
from daemon.face.subtitles import columns_of, part_at
from daemon.languages.guess import language_of
from daemon.media import SPEAK_RATE, Speech

COLUMNS_PER_S = 15.0  # that are spoken, until it is known how long a sentence is
AFTER_S = 0.6  # subtitles stay for so long after the last word


@dataclass(slots=True)
class Captions:
    """Follows the conversation. Belongs to the event loop's thread."""

    player: Player
    mute: Mute
    settings: Callable[[], Settings]
    _step: ConversationStep | None = None

    def follow(self, step: ConversationStep) -> None:
        """Take notice of a step."""
        self._step = step

    def now(self) -> Caption:
        """Return what is to be shown at this moment."""
        face = self.settings().face
        if face.subtitles == "off" and not face.signs:
            return NOTHING
        lines = self._lines(face.subtitles, face.subtitle_languages)
        return Caption(lines, self._sign() if face.signs else "")

    def _sign(self) -> Sign:
        if self.mute.microphone:
            return "muted"
        thinks = self._step is not None and self._step.state.phase is Phase.THINKING
        return "thinking" if thinks else ""

    def _lines(self, shown: str, languages: tuple[str, ...]) -> tuple[str, ...]:
        step = self._step
        if shown == "off" or step is None or step.reply is None:
            return ()
        if step.state.phase is Phase.THINKING:
            words = step.reply.turn.words
            text = words.text if words is not None and shown == "both" else ""
            return part_at(text, 0) if _wanted(text, languages) else ()
        said, share = spoken_now(step.reply, self.player.audible())
        return part_at(said, share) if _wanted(said, languages) else ()


def _wanted(text: str, languages: tuple[str, ...]) -> bool:
    return bool(text) and (not languages or language_of(text) in languages)


def spoken_now(reply: Reply, audible: int) -> tuple[str, float]:
    """Return the sentence of a reply that is heard at a sample, and how much of it has been."""
    now: list[Speech] = []
    later = False
    for speech in reply.spoken:
        if speech.start > audible:
            later = True
            break
        if now and now[-1].sentence is not speech.sentence:
            now.clear()
        now.append(speech)
    if not now:
        return "", 0.0
    text = now[0].sentence.text
    same = [one for one in reply.spoken if one.sentence is now[0].sentence]
    length = same[-1].start + len(same[-1].audio.samples) - same[0].start
    if audible - same[0].start > length + AFTER_S * SPEAK_RATE:
        return "", 0.0
    if not later and same[-1] is reply.spoken[-1]:  # there may be more of it to come
        length = max(length, round(columns_of(text) / COLUMNS_PER_S * SPEAK_RATE))
    return text, min(1.0, (audible - same[0].start) / max(1, length))


def show_captions(captions: Captions, bus: Bus) -> Callable[[], None]:
    """Have them follow the conversation; returns what ends that."""
    return bus.subscribe(ConversationStep, captions.follow)
