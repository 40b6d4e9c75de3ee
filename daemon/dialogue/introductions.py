"""Getting to know somebody by voice: a short conversation that needs no model.

"I am Anna, remember my voice" – "Shall I remember your voice as Anna?" – "Yes" – and three
sentences, whose sound is learnt from. Before the last of them nothing is kept. Anything else that
is said in reply to a question ends it, "never mind" does at any time, and so does a minute of
silence. "Who am I?" is answered here, too, as a small model likes to make a name up; where it was
too short to tell a voice by, the next sentence tells.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from daemon.brain.sentences import has_chinese
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.people_phrases import (
    Wish,
    is_never_mind,
    is_no,
    is_yes,
    say,
    told_name,
    wish_in,
)
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.errors import DigitalLifeError, InputError, named
from daemon.media import LISTEN_RATE, Audio, Transcript, Utterance
from daemon.people.identify import AnotherVoice, TooLittleSpeech, TooNoisy
from daemon.people.person import Embeddings, Person, Speaker, person_of

PATIENCE_S = 60.0  # after which nobody is expected to say anything more
MIN_SENTENCE_S = 1.8  # of sound, with what is kept from before a voice: two or three words
SENTENCES = 3
MAX_TRIES = 8  # sentences in all; in a room in which so many are no good, more are none either

log = logging.getLogger(__name__)


class PeopleBook(Protocol):
    """Who is known, as it is kept."""

    async def add(self, name: str, voiceprints: Embeddings, tools: bool) -> Person:
        """Know somebody from now on; ``InputError`` if another has the name."""

    def remove(self, person: Person, farewell: str) -> None:
        """Forget everything about somebody soon, and say so."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """How far an introduction has come: what was asked last."""

    asked: Literal["name", "sure", "sentence", "forget", "voice"]
    own: bool = True
    """Whether the voice is that of who asked for it."""
    name: str = ""
    tools: bool = True
    recordings: tuple[Audio, ...] = ()
    tries: int = 0
    person: Person | None = None
    """Who is to be forgotten."""
    wish: Wish | None = None
    """What was wanted by a voice that was heard too briefly."""


_Deed = Callable[[], Awaitable[tuple[_Stage | None, str]]]


class IntroductionStep:
    """What follows from one thing that was said; see ``skills.Plan``."""

    is_whole = True

    def __init__(self, introductions: "Introductions", deed: _Deed) -> None:
        self._introductions, self._deed = introductions, deed
        self._before = introductions.stage

    async def carry_out(self) -> str:
        """Do it; return what is to be said."""
        stage, text = await self._deed()
        self._introductions.move_to(stage)
        return text

    def take_back(self) -> None:
        """Be where it was before: whoever said it goes on speaking."""
        self._introductions.move_to(self._before)


class Introductions:
    """Belongs to the event loop's thread."""

    def __init__(
        self, speakers: SpeakerIdentification, people: PeopleBook, context: DialogueContext
    ) -> None:
        """While it goes on ``context`` says so: everybody is heard."""
        self.stage: _Stage | None = None
        self._speakers, self._people, self._context = speakers, people, context
        self._end: asyncio.TimerHandle | None = None
        self._passed: int | None = None  # where somebody began to talk of something else

    def plan(
        self, said: Transcript, utterance: Utterance, speaker: Speaker | None
    ) -> IntroductionStep | None:
        """Understand it; ``None`` for what has nothing to do with voices. Does nothing yet.

        ``speaker`` said it, as far as the voice tells; ``None`` where nobody is known.
        """
        chinese = has_chinese(said.text)
        if self._passed is not None and utterance.start > self._passed:
            self.move_to(None)
        if self.stage is not None:
            deed = self._reply(self.stage, said.text, utterance, speaker, chinese)
            self._passed = utterance.start if deed is None else None
        else:
            wish = wish_in(said.text) if said.language in ("", "en", "zh") else None
            deed = self._begin(wish, speaker, chinese) if wish is not None else None
        return IntroductionStep(self, deed) if deed is not None else None

    def move_to(self, stage: _Stage | None) -> None:
        """Be at this stage, for a minute at most."""
        self.close()
        self.stage, self._passed = stage, None
        self._context.introducing = stage is not None
        if stage is not None:
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(PATIENCE_S, self.move_to, None)

    def close(self) -> None:
        """Expect nothing any more."""
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _begin(self, wish: Wish, speaker: Speaker | None, chinese: bool) -> _Deed | None:
        person = person_of(speaker)
        if wish.kind == "who":
            if speaker is None:
                return None  # nobody is known: the brain answers as it likes
            if person is None:
                return _unknown(wish, speaker, chinese)
            return _tell(None, say("you_are", chinese, name=person.name))
        if wish.kind == "forget":
            if person is None:
                return _unknown(wish, speaker, chinese) if speaker is not None else None
            sure = _Stage("forget", person=person)
            return _tell(sure, say("sure_forget", chinese, name=person.name))
        known = speaker is not None
        stranger = speaker is not None and speaker.judged and person is None
        if wish.plain and (stranger if not wish.own else person is not None):
            return None  # a stranger introduces somebody, or somebody known tells who they are
        if wish.own and person is not None:
            return _tell(None, say("known", chinese, name=person.name))
        begun = _Stage("name", wish.own, tools=not known or (person is not None and person.tools))
        return self._named(begun, wish.name, chinese)

    def _named(self, stage: _Stage, name: str, chinese: bool) -> _Deed:
        """Ask whether that is the name, or for one."""
        if not name:
            return _tell(replace(stage, asked="name"), say("what_name", chinese))
        if any(name.casefold() == person.name.casefold() for person in self._speakers.people):
            return _tell(replace(stage, asked="name"), say("taken", chinese, name=name))
        key = "sure_own" if stage.own else "sure_other"
        sure = replace(stage, asked="sure", name=name)
        return _tell(sure, say(key, chinese, name=name))

    def _reply(
        self,
        stage: _Stage,
        text: str,
        utterance: Utterance,
        speaker: Speaker | None,
        chinese: bool,
    ) -> _Deed | None:
        """Return what follows from a reply to what was asked."""
        if stage.wish is not None:
            return self._heard_longer(stage.wish, text, speaker, chinese)
        if stage.asked == "forget":
            assert stage.person is not None
            if is_yes(text):
                return self._forget(stage.person, chinese)
            if is_no(text) or is_never_mind(text):
                return _tell(None, say("kept", chinese, name=stage.person.name))
            return None
        if is_never_mind(text):
            return _tell(None, say("left", chinese))
        match stage.asked:
            case "name":
                if name := told_name(text):
                    return self._named(stage, name, chinese)
                if stage.tries:
                    return _tell(None, say("left", chinese))
                return _tell(replace(stage, tries=1), say("no_name", chinese))
            case "sure" if is_yes(text):
                begun = replace(stage, asked="sentence", tries=0)
                return self._first_sentence(begun, chinese)
            case "sure":
                if is_no(text):
                    return _tell(None, say("left", chinese))
                if (wish := wish_in(text)) is not None and wish.name:  # "No, I am Hannah"
                    return self._named(stage, wish.name, chinese)
                return None
            case _:
                return lambda: self._learn(stage, utterance, chinese)

    def _heard_longer(
        self, wish: Wish, text: str, speaker: Speaker | None, chinese: bool
    ) -> _Deed | None:
        """Do what was wanted for the voice of this sentence, unless it wants something else."""
        other = wish_in(text)
        if is_never_mind(text) or speaker is None or (other is None and not speaker.judged):
            return None
        if other is not None and other.kind != wish.kind and not (other.own and other.plain):
            return self._begin(other, speaker, chinese)
        return self._begin(wish, speaker, chinese)

    def _first_sentence(self, stage: _Stage, chinese: bool) -> _Deed:
        async def begin() -> tuple[_Stage | None, str]:
            try:
                await self._speakers.ready()
            except DigitalLifeError as error:
                log.error("%s %s", error.message, error.fix)
                return None, say("failed", chinese)
            return stage, say("first", chinese, name=stage.name)

        return begin

    async def _learn(
        self, stage: _Stage, utterance: Utterance, chinese: bool
    ) -> tuple[_Stage | None, str]:
        """Learn from one sentence more; ask for the next, or for the same again."""
        tried = replace(stage, tries=stage.tries + 1)
        if (utterance.end - utterance.start) / LISTEN_RATE < MIN_SENTENCE_S:
            return _again(tried, "short", chinese)
        recordings = (*stage.recordings, utterance.audio)
        try:
            voiceprints = await self._speakers.voiceprints(recordings)
        except TooLittleSpeech:
            voiceprints = None
        except (TooNoisy, AnotherVoice) as error:
            key = "noisy" if isinstance(error, TooNoisy) else "other_voice"
            return _again(tried, key, chinese)
        except Exception as error:
            log.error("a voice could not be learnt: %s", named(error))
            return None, say("failed", chinese)
        more = replace(tried, recordings=recordings)
        if len(recordings) < SENTENCES or voiceprints is None:
            key = {1: "second", 2: "third"}.get(len(recordings), "more")
            return _again(more, key, chinese)
        return await self._keep(more, voiceprints, chinese)

    async def _keep(
        self, stage: _Stage, voiceprints: Embeddings, chinese: bool
    ) -> tuple[_Stage | None, str]:
        try:
            person = await self._people.add(stage.name, voiceprints, stage.tools)
        except InputError:  # somebody got the name meanwhile
            return replace(stage, asked="name"), say("taken", chinese, name=stage.name)
        except DigitalLifeError as error:
            log.error("%s %s", error.message, error.fix)
            return None, say("failed", chinese)
        return None, say("done", chinese, name=person.name)

    def _forget(self, person: Person, chinese: bool) -> _Deed:
        async def forget() -> tuple[None, str]:
            self._people.remove(person, say("forgotten", chinese))
            return None, ""

        return forget


def _unknown(wish: Wish, speaker: Speaker, chinese: bool) -> _Deed:
    """Tell that the voice is unknown, or ask for more of it where it was too short to be known."""
    if speaker.judged:
        return _tell(None, say("unknown", chinese))
    return _tell(_Stage("voice", wish=wish), say("too_short", chinese))


def _tell(stage: _Stage | None, text: str) -> _Deed:
    async def tell() -> tuple[_Stage | None, str]:
        return stage, text

    return tell


def _again(stage: _Stage, key: str, chinese: bool) -> tuple[_Stage | None, str]:
    """Ask for another sentence, unless there were too many."""
    if stage.tries >= MAX_TRIES:
        return None, say("gave_up", chinese)
    return stage, say(key, chinese, name=stage.name)
