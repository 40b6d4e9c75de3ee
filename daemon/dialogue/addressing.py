"""Whether something was said to us, told by our name in it.

A recogniser spells a name as it hears it: "Digital live", "数字声明". So letters are compared and
not words, Chinese ones by their sound (pinyin without tones), and not all have to be right.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pypinyin import lazy_pinyin

from daemon.brain.sentences import WORD
from daemon.config import DialogueSettings
from daemon.dialogue.observer import Observer
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase, State
from daemon.media import Audio, Transcript
from daemon.stages import Recognizer
from daemon.worker import CancelToken

# For "Digital Life", what sounds like it (live, knife, Digitalife) is above 0.86; file, light and
# camera are below 0.83, 数字生活 for 数字生命 is 0.83.
ALIKE = 0.85
SHORT = 7  # letters; a shorter name is like too many words to be guessed
GREETINGS = frozenset(
    ("hey", "hi", "hello", "oh", "ok", "okay", "so", "你", "您", "好", "嘿", "嗨", "喂", "哎", "那")
)
STOPS = " \t\n,.;:!?…—–-，。；：！？、·"

SILENT = (Phase.LISTENING, Phase.HEARING, Phase.THINKING)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, or a Chinese character."""

    text: str
    sound: str
    end: int  # its place in the text, one past its last letter


def question_to(names: Sequence[str], text: str) -> str | None:
    """Return what ``text`` asks one who has these ``names``; ``None`` if it is said to another.

    A name may be anywhere; at the start it is left out, with a greeting before it. A name alone is
    a question too.
    """
    words = _words(text)
    likeness, begin, end = max(_find(words, _words(name)) for name in names)
    if likeness < ALIKE:
        return None
    rest = text[words[end - 1].end :].lstrip(STOPS)
    called_first = all(word.text in GREETINGS for word in words[:begin])
    return rest if called_first and rest else text


def _words(text: str) -> list[_Word]:
    return [
        _Word(word, "".join(filter(str.isalnum, "".join(lazy_pinyin(word)))), match.end())
        for match in WORD.finditer(text)
        for word in [match[0].casefold()]
    ]


def _find(words: Sequence[_Word], name: Sequence[_Word]) -> tuple[float, int, int]:
    """Return how alike the likest words are, 0 to 1, and which they are."""
    wanted = "".join(word.sound for word in name)
    compare = SequenceMatcher(None, "", wanted, autojunk=False)
    best = (0.0, 0, 0)
    for count in (len(name), len(name) - 1, len(name) + 1):  # a recogniser may join or split words
        for begin in range(len(words) - count + 1) if count else ():
            sound = "".join(word.sound for word in words[begin : begin + count])
            compare.set_seq1(sound)
            likeness = compare.ratio() if len(wanted) >= SHORT else float(sound == wanted)
            if likeness > best[0]:
                best = (likeness, begin, begin + count)
    return best


class Attentive:
    """A ``Recognizer`` that hears only what is said to it: other words come out as silence.

    For some seconds after its own answer, and while it speaks, all is said to it.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        settings: DialogueSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer = recognizer
        self.settings = settings
        """May be changed at any time."""
        self._clock = clock
        self._speaking = False
        self._spoke = float("-inf")

    def warm_up(self) -> None:
        """Warm up the recogniser."""
        self._recognizer.warm_up()

    def close(self) -> None:
        """Free the recogniser."""
        self._recognizer.close()

    def watching(self, observe: Observer) -> Observer:
        """Follow the conversation's states, and pass them on."""

        def note(state: State, reply: Reply | None) -> None:
            speaking = state.phase not in SILENT
            if self._speaking and not speaking:
                self._spoke = self._clock()
            self._speaking = speaking
            observe(state, reply)

        return note

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        """Return the question in ``audio``; empty text if it is none, or is for another."""
        began = self._clock() - audio.seconds
        settings = self.settings
        following = self._speaking or began < self._spoke + settings.follow_up_s
        transcript = self._recognizer.transcribe(audio, cancel)
        question = question_to((settings.name, *settings.wake_phrases), transcript.text)
        if question is None:
            question = transcript.text if following else ""
        return Transcript(question, transcript.language)


class Called:
    """A ``Recognizer`` that leaves out the wake word which opened the ears."""

    def __init__(self, recognizer: Recognizer, phrase: str) -> None:
        self._recognizer = recognizer
        self._phrase = phrase

    def warm_up(self) -> None:
        """Warm up the recogniser."""
        self._recognizer.warm_up()

    def close(self) -> None:
        """Free the recogniser."""
        self._recognizer.close()

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        """Return the words in ``audio`` after the wake word, or all if there is nothing else."""
        transcript = self._recognizer.transcribe(audio, cancel)
        question = question_to((self._phrase,), transcript.text)
        return transcript if question is None else Transcript(question, transcript.language)
