"""What is made of words that were heard: pure functions of them and of what was said lately.

- ``is_backchannel``: they only accompany a reply ("yeah", "嗯").
- ``is_own_echo``: they are its own, come back through the microphone.
- ``question_after_name``: they are said to it, told by its name in them.
- ``addressed_words``: what is left of them that wants an answer.
- ``attributed``: who said them, where they were too short for the voice to be judged.
- ``is_answered``: whether somebody is answered at all.

Voice commands are in ``voice_commands.py``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from daemon.config import DialogueSettings
from daemon.dialogue.similarity import Word, matched_share, similarity, sound_of, words_of
from daemon.languages import language as known_language
from daemon.languages import matching
from daemon.media import Transcript
from daemon.people.person import Person, Speaker

# Nobody accompanies with so many words, or characters, of a language that was not expected.
MOST_WORDS, MOST_CHARACTERS = 3, 5

# A canceller needs seconds to learn a room, and a busy computer plays with gaps that it cannot know
# of. What it leaves of an echo is faint, but now and then enough for a word to be read from it.
RECENT_WORDS = 60  # words: what was said in the last twenty seconds
MIN_ECHO_WORDS = 2  # words; a single one may as well be a person's ("Paris?")
ECHO_S = 1.0  # after a reply in which its echo may still be heard
ECHO_SIMILARITY = 0.7  # share of what was heard that was just said, in the same order

# For "Digital Life", what sounds like it (live, knife, Digitalife) is above 0.86; file, light and
# camera are below 0.83, 数字生活 for 数字生命 is 0.83.
NAME_SIMILARITY = 0.85
# Seconds of sound, with the 0.4 s before speech, that are too short for a voice. In what lasts
# longer and still cannot be judged, several may speak.
MAX_SHORT_S = 1.6
MIN_GUESSED_LETTERS = 7  # letters; a shorter name is like too many words to be guessed
PUNCTUATION = " \t\n,.;:!?…—–-¡¿，。；：！？、·।"


@dataclass(slots=True)
class DialogueContext:
    """How it is called and what it said lately; times are the event loop's.

    The session keeps this up to date; the filters look at it.
    """

    names: Sequence[str] = ()
    """Only who calls it by one of these is answered; everybody, where there are none."""
    follow_up_s: float = 0.0
    """After its own words, no name is needed for so long."""
    wake_phrase: str = ""
    """What opened the ears, and is no part of a question."""
    speaking: bool = False
    """It speaks, or somebody speaks over it."""
    spoke_until: float = float("-inf")
    said: str = ""
    """What was heard of its newest reply."""
    said_until: float = float("-inf")
    may_be_echo: bool = False
    """The newest turn began so soon after a reply that it may be its echo."""
    ringing: bool = False
    """Something rings: whatever is said may be meant for that, and needs no name."""
    own_names: Sequence[str] = ()
    """How it is called, whoever is answered."""
    falls_asleep: bool = False
    """It has been sent to sleep, and sleeps when it has said good night."""
    asleep: bool = False
    """It answers nobody who does not wake it."""
    on_sleep: Callable[[bool], None] = lambda _asleep: None
    """Told when it falls asleep, and when it wakes."""
    people: Sequence[Person] = ()
    """Those who are known by their voice."""
    answer_whom: str = "everyone"
    """Which of them it answers; strangers, too, if ``everyone``."""
    introducing: bool = False
    """Somebody is being introduced, whose voice is not known yet."""
    voice: Speaker = field(default_factory=Speaker)
    """Whose voice was told last."""
    voice_until: float = float("-inf")
    """When that was heard last."""

    def apply_settings(self, settings: DialogueSettings, languages: Sequence[str] = ()) -> None:
        """Answer who calls it, or everybody, as the settings say.

        "Digital Life" has a name in each of the ``languages`` that it hears; another name has none.
        """
        addressed = settings.answer_when == "addressed"
        known = [phrase for code in languages for phrase in known_language(code).heard.wake_phrases]
        named = settings.name in known_language("en").heard.wake_phrases
        names = (settings.name, *settings.wake_phrases, *(known if named else ()))
        self.own_names = tuple(dict.fromkeys(names))
        self.names = self.own_names if addressed else ()
        self.follow_up_s = settings.follow_up_s
        self.answer_whom = settings.answer_whom

    @property
    def chooses(self) -> bool:
        """Whether some are not answered because of their voice."""
        if self.answer_whom == "everyone" or self.introducing:
            return False
        return any(person.owner or self.answer_whom == "known" for person in self.people)

    def heard_voice(self, speaker: Speaker, until: float) -> None:
        """Note whose voice was heard; what was too short to be judged tells nothing.

        What is told late does not count against what was heard since.
        """
        if speaker.judged and until >= self.voice_until:
            self.voice, self.voice_until = speaker, until

    def talks_with_known(self, began: float) -> bool:
        """Whether a conversation with somebody whom it answers goes on at that time."""
        until = max(self.voice_until, self.spoke_until) + self.follow_up_s
        return is_answered(self.voice, self) and (self.speaking or began < until)

    def is_speaking(self, speaking: bool, now: float) -> None:
        """Note whether it speaks."""
        if self.speaking and not speaking:
            self.spoke_until = now
        self.speaking = speaking

    def has_said(self, text: str, now: float, whole: bool = True) -> None:
        """Note what was heard of a reply that ends now; ``whole``: to its end."""
        self.said, self.said_until = text, now
        if self.falls_asleep:  # who interrupts its good night wants something else
            self.falls_asleep, self.asleep = False, whole
            if whole:
                self.on_sleep(True)

    def wake(self) -> None:
        """Be awake, if it slept."""
        if self.asleep:
            self.asleep = False
            self.on_sleep(False)

    def speech_began(self, now: float) -> None:
        """Note that somebody begins to speak."""
        self.may_be_echo = now < self.said_until + ECHO_S


def is_backchannel(text: str, language: str = "") -> bool:
    """Whether what was said lets the reply go on; a cough, which has no words, does.

    Of a single syllable Whisper often makes another word, so what it hears counts as an
    accompaniment unless it is known to interrupt. "Okay" and "stop" are said in every language;
    English and Chinese are mixed, so that each counts beside the other.
    """
    spoken = ("en", "zh") if language in ("", "en", "zh") else (language, "en")
    rest = text.replace("’", "'")
    for code in spoken:
        rest = matching.backchannels(code).sub("", rest)
    # A mark alone is what "吗" left.
    if any(matching.interruptions(code).search(rest) for code in spoken) and re.search(r"\w", rest):
        return False
    most = {known.writing.spaced: known.heard.interrupting for known in map(known_language, spoken)}
    return matching.spaced_words(rest) < most.get(True, MOST_WORDS) and matching.characters(
        rest
    ) < most.get(False, MOST_CHARACTERS)


def is_own_echo(heard: str, said: str) -> bool:
    """Whether ``heard`` is no more than a part of ``said``, as far as a recogniser can tell."""
    words = words_of(heard)
    return (
        len(words) >= MIN_ECHO_WORDS
        and matched_share(words, words_of(said)[-RECENT_WORDS:]) >= ECHO_SIMILARITY
    )


def question_after_name(names: Sequence[str], text: str) -> str | None:
    """Return what ``text`` asks one who has these ``names``; ``None`` if it is said to another.

    A name may be anywhere; at the start it is left out, with a greeting before it. A name alone is
    a question too.
    """
    words = words_of(text)
    alike, begin, end = max(_find(words, words_of(name)) for name in names)
    if alike < NAME_SIMILARITY:
        return None
    rest = text[words[end - 1].end :].lstrip(PUNCTUATION)
    called_first = all(word.text in matching.calls() for word in words[:begin])
    return rest if called_first and rest else text


def attributed(speaker: Speaker, began: float, seconds: float, context: DialogueContext) -> Speaker:
    """Return who said what began at that time and lasted so long, with the sound before it.

    What is too short for its voice to be judged is said by whom it talks with; where it talks with
    nobody whom it knows, or somebody else was heard since, nobody can tell.
    """
    if speaker.judged or context.voice.person is None or seconds > MAX_SHORT_S:
        return speaker
    until = max(context.voice_until, context.spoke_until) + context.follow_up_s
    return context.voice if context.speaking or began < until else speaker


def is_answered(speaker: Speaker, context: DialogueContext) -> bool:
    """Whether it answers this one at all."""
    if not context.chooses:
        return True
    person = speaker.person
    return person is not None and (person.owner or context.answer_whom == "known")


def addressed_words(
    heard: Transcript, began: float, context: DialogueContext, speaker: Speaker | None = None
) -> Transcript:
    """Return what of the words wants an answer; empty text if they are an echo, or for another.

    ``began``: the event loop's time at which they were begun; ``speaker``: who said them, if
    anybody is known by their voice.
    """
    if speaker is not None and not is_answered(speaker, context):
        return replace(heard, text="")
    text = heard.text
    if context.asleep and not context.ringing:
        names = (*context.own_names, *filter(None, (context.wake_phrase,)))
        called = question_after_name(names, text) if names else None
        return replace(heard, text=called or (text if matching.waking().search(text) else ""))
    if context.names and not (context.ringing or context.introducing):
        follows = context.speaking or began < context.spoke_until + context.follow_up_s
        question = question_after_name(context.names, text)
        text = question if question is not None else text if follows else ""
    if context.wake_phrase:
        text = question_after_name((context.wake_phrase,), text) or text
    if context.may_be_echo and is_own_echo(text, context.said):
        text = ""
    return replace(heard, text=text)


def _find(words: Sequence[Word], name: Sequence[Word]) -> tuple[float, int, int]:
    """Return how alike the likest words are, 0 to 1, and which they are."""
    wanted = sound_of(name)
    best = (0.0, 0, 0)
    for count in (len(name), len(name) - 1, len(name) + 1):  # a recogniser may join or split words
        for begin in range(len(words) - count + 1) if count else ():
            part = words[begin : begin + count]
            guessed = len(wanted) >= MIN_GUESSED_LETTERS
            alike = similarity(part, name) if guessed else float(sound_of(part) == wanted)
            if alike > best[0]:
                best = (alike, begin, begin + count)
    return best
