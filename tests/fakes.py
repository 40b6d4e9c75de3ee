"""Scripted parts for scenarios: no model, no thread, no device; time is the event loop's."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from daemon.brain.here_and_now import time_note
from daemon.brain.history import History
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.parts import Parts
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.expression import Pose
from daemon.media import (
    LISTEN_RATE,
    SPEAK_RATE,
    Audio,
    CalledTool,
    FaceFrame,
    Image,
    Message,
    Mouth,
    Samples,
    Tool,
    ToolCall,
    ToolResult,
    Transcript,
)
from daemon.people.identify import AnotherVoice, TooLittleSpeech
from daemon.people.person import Embeddings, Person, Profile, Speaker
from daemon.worker import CancelToken, Worker

PERSONA = "Be kind."
NOW = datetime(2026, 11, 30, 18, 20)
"""When the scenarios' questions are asked, as the model is told."""

T = TypeVar("T")


def silence(seconds: float, rate: int) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


class VirtualWorker(Worker):
    """Runs its jobs in the event loop; each call and each item takes ``takes_s`` of its time."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.name = "virtual"
        self.takes_s = takes_s
        self.cancelled = 0

    async def run(self, fn: Callable[..., T], *args: Any) -> T:
        cancel = CancelToken()
        try:
            await asyncio.sleep(self.takes_s)
            return fn(*args, cancel)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def stream(
        self, make_iterator: Callable[..., Iterator[T]], *args: Any, depth: int = 2
    ) -> AsyncGenerator[T, None]:
        cancel = CancelToken()
        finished = False
        try:
            for item in make_iterator(*args, cancel):
                await asyncio.sleep(self.takes_s)
                yield item
            finished = True
        finally:
            cancel.cancel()
            self.cancelled += not finished

    async def close(self) -> bool:
        return True


class FakePart:
    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


class FakeRecognizer(FakePart):
    """Hears the scripted texts, one per utterance."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.heard: list[Audio] = []

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        self.heard.append(audio)
        text = self.texts.pop(0)
        if text == "!":
            raise RuntimeError("the recogniser broke")
        return Transcript(text, "zh" if text > "\u4e00" else "en")


def untimed(messages: Sequence[Message]) -> list[Message]:
    """Leave out the lines that tell the time, in all of them ``NOW``."""
    notes = [f"{time_note(question, NOW)}\n" for question in ("?", "？好")]
    found = []
    for message in messages:
        content = message.content
        for note in notes:
            content = content.replace(note, "")
        found.append(replace(message, content=content))
    return found


class FakeChat(FakePart):
    """Answers with the scripted pieces; ``!`` among them breaks it there."""

    context_tokens = 1000

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[list[Message]] = []
        """What it was asked, but for the time."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) + 4 for message in messages)

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        self.asked.append(untimed(messages))
        for piece in self.answers.pop(0):
            if piece == "!":
                raise RuntimeError("the brain broke")
            cancel.check()
            yield piece


class FakeJudge(FakeChat):
    """Also tells that the scripted questions, and no others, are whole sentences."""

    def __init__(self, whole: Sequence[str], *answers: Sequence[str]) -> None:
        super().__init__(*answers)
        self.whole = whole

    def end_probability(self, messages: Sequence[Message], cancel: CancelToken) -> float:
        question = untimed(messages)[-1].content
        if "broken" in question:
            raise RuntimeError("the brain broke")
        return 0.7 if question in self.whole else 0.001


class FakeReader(FakeChat):
    """Also reads ahead."""

    keeps_branches = False

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__(*answers)
        self.read_ahead: list[list[Message]] = []

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        self.read_ahead.append(list(messages))


class FakeToolUser(FakeChat):
    """Answers likewise; calls of tools among the pieces are what it asks for."""

    def __init__(self, *answers: Sequence[str | ToolCall]) -> None:
        super().__init__()
        self.scripts = list(answers)
        self.tools: tuple[Tool, ...] = ()

    def reply_or_call(
        self, messages: Sequence[Message], cancel: CancelToken
    ) -> Iterator[str | ToolCall]:
        self.asked.append(list(messages))
        yield from self.scripts.pop(0)


class FakeTools:
    """Has one tool, "clock"; calls take ``takes_s`` and return what is scripted."""

    def __init__(self, *results: str, takes_s: float = 0.5) -> None:
        self.results = list(results)
        self.takes_s = takes_s
        self.calls: list[tuple[float, str, str]] = []
        self.given_up = 0

    def server_of(self, tool: str) -> str:
        return "house" if tool == "clock" else ""

    async def call(self, call: ToolCall, called: CalledTool) -> ToolResult:
        self.calls.append((asyncio.get_running_loop().time(), call.name, call.arguments))
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        result = self.results.pop(0)
        called.outcome = "failed" if result.startswith("!") else "done"
        return ToolResult(result)


class FakeVoice(FakePart):
    """Speaks a tenth of a second for each character, and breaks at "kaboom"."""

    def __init__(self, pieces: int = 1) -> None:
        self.pieces = pieces

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        if "kaboom" in text:
            raise RuntimeError("the voice broke")
        for _ in range(self.pieces):
            yield Audio(silence(0.1 * len(text) / self.pieces, 24_000) + np.float32(0.1), 24_000)


class FakeFace(FakePart):
    """Its mouth for frame n of a reply is n."""

    fps = 25
    statement = ""
    size = (64, 64)

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self._samples = 0
        self._frames = 0

    def begin(self) -> None:
        self._samples = self._frames = 0

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        if self.broken:
            raise RuntimeError("the face broke")
        self._samples += len(audio.samples)
        while self._frames * audio.rate < self._samples * self.fps:
            yield np.full(1, self._frames, np.float32)
            self._frames += 1

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        yield from ()

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        return np.zeros((64, 64, 3), np.uint8)

    def moves(self, before: Pose, now: Pose) -> bool:
        return True


class FakeConverter(FakePart):
    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.converted = 0

    def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
        if self.broken:
            raise RuntimeError("the conversion broke")
        self.converted += 1
        return audio


class FakePlayer:
    """Plays in the event loop's time with a two-second buffer."""

    def __init__(self) -> None:
        self.log: list[tuple[float, str]] = []
        self._segments: list[tuple[float, int]] = []  # when a piece begins to sound, its length
        self._flushed: int | None = None
        self._paused: float | None = None
        self._held_s = 0.0

    def _now(self) -> float:
        """The time without that in which the sound was held."""
        return (self._paused or asyncio.get_running_loop().time()) - self._held_s

    def _note(self, what: str) -> None:
        self.log.append((asyncio.get_running_loop().time(), what))

    async def begin(self) -> None:
        self._segments.clear()
        self._flushed = self._paused = None
        self._note("begin")

    async def play(self, samples: Samples) -> None:
        while (wait_s := self._end() - self._now() - 2.0) > 0:  # noqa: ASYNC110 (virtual time)
            await asyncio.sleep(max(wait_s, 0.01))
        begin = max(self._now(), self._end())
        self._segments.append((begin, len(samples)))

    def _end(self) -> float:
        return max((at + n / SPEAK_RATE for at, n in self._segments), default=0.0)

    def audible(self) -> int:
        if self._flushed is not None:
            return self._flushed
        return sum(
            min(n, max(0, round((self._now() - at) * SPEAK_RATE))) for at, n in self._segments
        )

    def pause(self) -> None:
        self._note("pause")
        self._paused = asyncio.get_running_loop().time()

    def resume(self) -> None:
        self._note("resume")
        assert self._paused is not None
        self._held_s += asyncio.get_running_loop().time() - self._paused
        self._paused = None

    def flush(self) -> int:
        heard = self.audible()
        self._flushed = heard
        self._note("flush")
        return heard

    async def close(self) -> None:
        pass


class FakeScreen:
    """Notes what it is given and when it is cleared."""

    def __init__(self) -> None:
        self.frames: list[FaceFrame] = []
        self.wanted = True
        self.cleared = 0
        self.held: list[bool] = []

    async def put(self, frame: FaceFrame) -> None:
        self.frames.append(frame)

    def hold(self, held: bool) -> None:
        self.held.append(held)

    def clear(self) -> None:
        self.cleared += 1


def parts(
    recognizer: FakeRecognizer,
    chat: FakeChat,
    face: FakeFace | None = None,
    converter: FakeConverter | None = None,
) -> Parts:
    """Parts on virtual workers: 0.3 s to hear, 0.05 s a token, 0.1 s to speak, 0.1 to convert."""
    conversion = None
    if converter:
        conversion = Conversion("somebody", VirtualWorker(0.1))
        conversion.use(converter)
    return Parts(
        recognizer=recognizer,
        chat_model=chat,
        synthesizer=FakeVoice(),
        conversion=conversion,
        lip_sync=face or FakeFace(),
        hearing=VirtualWorker(0.3),
        thinking=VirtualWorker(0.05),
        speaking=VirtualWorker(0.1),
        drawing=VirtualWorker(0.0),
        history=History(PERSONA, chat, 50, lambda: NOW),
    )


def utterance_audio(seconds: float) -> Audio:
    return Audio(silence(seconds, LISTEN_RATE), LISTEN_RATE)


ANNA = Person(1, "Anna", owner=True)
BEN = Person(2, "Ben", tools=False)
STRANGE = 0.5
"""The level of a stranger's voice; that of somebody known is a tenth of their number."""


class FakeVoiceJudge(FakePart):
    """Tells a voice by its level, that of most of it; less than a second of it tells nothing."""

    def __init__(self) -> None:
        self.judged = 0
        self.profiles: Sequence[Profile] = ()

    def use(self, profiles: Sequence[Profile]) -> None:
        self.profiles = profiles

    def identify(self, audio: Audio, cancel: CancelToken) -> Speaker:
        self.judged += 1
        heard = audio.samples[audio.samples > 0]
        if len(heard) < LISTEN_RATE:
            return Speaker()
        level = float(np.median(heard))
        for profile in self.profiles:
            if abs(float(profile.embeddings[0, 0]) - level) < 0.01:
                return Speaker(profile.person, 0.9)
        return Speaker(None, -0.5)

    def voiceprints(self, recordings: Sequence[Audio], cancel: CancelToken) -> Embeddings:
        heard = [audio.samples[audio.samples > 0] for audio in recordings]
        if any(len(samples) < LISTEN_RATE for samples in heard):
            raise TooLittleSpeech("too little")
        levels = np.asarray([np.median(samples) for samples in heard], np.float32)
        if np.ptp(levels) > 0.01:
            raise AnotherVoice("another voice")
        return levels.reshape(-1, 1)


class FakePeople:
    """Who is known, as the file would tell."""

    def __init__(self, *people: Person) -> None:
        self.judge = FakeVoiceJudge()
        self.loaded = 0
        self.profiles = [Profile(one, np.full((1, 1), level_of(one), np.float32)) for one in people]

    async def load(self) -> FakeVoiceJudge:
        self.loaded += 1
        return self.judge

    def speakers(self) -> SpeakerIdentification:
        """Return what tells them apart, once ``refresh`` was awaited."""
        return SpeakerIdentification(VirtualWorker(0.05), self.load, lambda: self.profiles)


def level_of(person: Person | None) -> float:
    """Return the level of a voice."""
    return STRANGE if person is None else person.number / 10


class FakeBook:
    """Writes down whoever is introduced."""

    def __init__(self, people: FakePeople, speakers: SpeakerIdentification) -> None:
        self.people, self.speakers = people, speakers
        self.farewells: list[tuple[Person, str]] = []

    async def add(self, name: str, voiceprints: Embeddings, tools: bool) -> Person:
        person = Person(len(self.people.profiles) + 1, name, tools=tools)
        self.people.profiles.append(Profile(person, voiceprints))
        await self.speakers.refresh()
        return person

    def remove(self, person: Person, farewell: str) -> None:
        self.farewells.append((person, farewell))
