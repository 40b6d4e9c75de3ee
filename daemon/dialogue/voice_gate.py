"""Between the ears and the conversation: whom it answers is heard, others are as good as silent.

A television never pauses for long, so the ears may take it, and whoever speaks before it, for one
long turn. While speech goes on, its newest seconds are judged again and again; what is not said by
somebody whom it answers is held back, and of a turn that several share only their part is told:

    ears      ──────── television ────────┊─ Anna: what time is it? ─┊──── television ──────▶
    told                                  └ started … faded … ended ┘

So what a stranger says neither ends a reply nor is it read, answered or kept. What is told has the
numbers of turns of its own. Where everyone is answered all is told at once, and only judged ahead.
Nothing is judged while it is quiet, or nobody is known.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, replace

from daemon.dialogue.filters import DialogueContext, is_answered
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.state import MAX_OVERLAP_S
from daemon.dialogue.utterances import part_of, quietest
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)
from daemon.media import LISTEN_RATE, Utterance
from daemon.people.identify import SURELY_ANOTHER, WINDOW_S
from daemon.people.person import Speaker

# Seconds of speech that are judged ahead, and by how many times as much they are judged again. At
# the end the recogniser reads: what is judged beside it takes the processor from it.
FIRST_AHEAD_S, AGAIN = 1.0, 1.3
# Speech over a reply that is told of an unknown voice: it silences the reply, and does not end it.
MAX_UNJUDGED_S = 0.9 * MAX_OVERLAP_S
STRANGE_LOOKS = 2  # in a row, after somebody known: one may err, each more lets them wait 0.5 s
# So long after others were heard nobody is taken unheard for whom it talks with. It is longer than
# most questions, during which a television is not heard.
OTHERS_S = 10.0
# Of a window that is somebody's, half or more is theirs; what follows it is as far from its end.
HALF_WINDOW = round(WINDOW_S / 2 * LISTEN_RATE)
SLACK = round(0.25 * LISTEN_RATE)


@dataclass(slots=True)
class _Stretch:
    """A stretch of an ears' turn that may be one person's."""

    started: SpeechStarted
    begin: int = 0
    """Microphone clock: what was said before is another's."""
    number: int = 0
    """What the conversation knows it by; 0 while it is held back."""
    known: bool = False
    """Whether somebody whom it answers was heard in it."""
    strange: int = 0
    """How often in a row somebody else was heard last."""
    judged_until: int = 0
    """Microphone clock: the end of the newest part of which that is known."""
    looked_until: int = 0
    """Microphone clock: the end of the newest part that was judged, whatever was found."""
    end: int | None = None
    """Microphone clock: where a stranger seems to have gone on."""
    waits: SpeechFaded | SpeechPaused | SpeechEnded | None = None
    """What came last, and is held back."""
    next_ahead_s: float = FIRST_AHEAD_S


@dataclass(frozen=True, slots=True)
class _Look:
    """What is judged just now."""

    stretch: _Stretch
    heard: Utterance
    voiced_s: float
    task: "asyncio.Task[tuple[Speaker, int]]"
    """Whose voice it is, and by how many samples of the newest sound that was told."""


class VoiceGate:
    """Belongs to the event loop's thread."""

    def __init__(self, speakers: SpeakerIdentification, context: DialogueContext) -> None:
        self._speakers, self._context = speakers, context
        self._stretch: _Stretch | None = None
        self._look: _Look | None = None
        self._numbers = 0
        self._others_until = float("-inf")  # when somebody else was heard last, the loop's time

    async def tell(self, heard: AsyncIterator[EarEvent]) -> AsyncGenerator[EarEvent, None]:
        """Yield what of ``heard`` the conversation is to hear."""
        coming = asyncio.ensure_future(_next(heard))
        try:
            while True:
                look = self._look.task if self._look else None
                await asyncio.wait(
                    [task for task in (coming, look) if task],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._look is not None and self._look.task.done():
                    for event in self._judged():
                        yield event
                if coming.done():
                    if (found := coming.result()) is None:
                        return
                    coming = asyncio.ensure_future(_next(heard))
                    for event in self._hear(found):
                        yield event
        finally:
            left = [coming, *([self._look.task] if self._look else [])]
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    def _hear(self, event: EarEvent) -> Iterator[EarEvent]:
        if isinstance(event, SpeechStarted):
            if self._look is not None:
                yield from self._end(self._look.stretch)
            self._stretch = _Stretch(event)
            now = asyncio.get_running_loop().time()
            talks = now >= self._others_until + OTHERS_S and self._context.talks_with_known(now)
            if not self._context.chooses or talks:
                yield self._release(self._stretch, event.voiced_s)
            return
        stretch = self._stretch
        if stretch is None:
            return
        match event:
            case SpeechContinued():
                stretch.waits = None
                if event.so_far is not None:
                    self._judge(stretch, event.so_far, event.voiced_s)
                if stretch.number and stretch.end is None:
                    if self._context.chooses and not stretch.known:
                        event = replace(event, voiced_s=min(event.voiced_s, MAX_UNJUDGED_S))
                    yield _numbered(event, stretch)
            case SpeechTooShort():
                self._stretch = None
                if stretch.number:
                    yield _numbered(event, stretch)
            case SpeechFaded() | SpeechPaused() | SpeechEnded():
                yield from self._silence(stretch, event)

    def _silence(
        self, stretch: _Stretch, event: SpeechFaded | SpeechPaused | SpeechEnded
    ) -> Iterator[EarEvent]:
        """Tell, or hold back, that somebody stopped for a moment or for good."""
        if isinstance(event, SpeechEnded):
            self._stretch = None
        if stretch.number:
            if self._context.chooses and not stretch.known:
                if event.utterance.end - stretch.looked_until >= SLACK:
                    self._judge(stretch, event.utterance)
                if isinstance(event, SpeechEnded) and self._look and self._look.stretch is stretch:
                    stretch.waits = event  # it may yet be a stranger's
                    return
            if stretch.end is None or isinstance(event, SpeechEnded):
                yield _numbered(event, stretch)
            return
        if not stretch.strange or event.utterance.end - stretch.judged_until >= HALF_WINDOW:
            stretch.waits = event
            self._judge(stretch, event.utterance)

    def _judge(self, stretch: _Stretch, utterance: Utterance, voiced_s: float = 0.0) -> None:
        """Find out whose voice it is, unless that is being found out."""
        if self._look is not None or not self._speakers.active:
            return
        heard = part_of(utterance, stretch.begin)
        due = voiced_s >= stretch.next_ahead_s and not stretch.strange
        if due:
            stretch.next_ahead_s = AGAIN * voiced_s
        if due or self._context.chooses:
            task = asyncio.ensure_future(self._identify(heard, due, again=not stretch.known))
            self._look = _Look(stretch, heard, voiced_s, task)
            stretch.looked_until = heard.end

    async def _identify(self, heard: Utterance, due: bool, again: bool) -> tuple[Speaker, int]:
        """Judge the newest window where some are not answered; if ``due``, all of it ahead.

        What is as long as a sentence is surer: ``again`` asks for twice as much in doubt.
        """
        window = part_of(heard, heard.end - 2 * HALF_WINDOW)
        if window.start == heard.start or not self._context.chooses:
            return await self._speakers.identify_ahead(heard), 2 * HALF_WINDOW
        found, samples = await self._speakers.identify(window.audio), 2 * HALF_WINDOW
        if again and found.person is None and (found.score or -1.0) >= SURELY_ANOTHER:
            longer = part_of(heard, heard.end - 4 * HALF_WINDOW)
            surer = await self._speakers.identify(longer.audio)
            if surer.person is not None:
                found, samples = surer, longer.end - longer.start
        if due:
            await self._speakers.identify_ahead(heard)
        return found, samples

    def _judged(self) -> Iterator[EarEvent]:
        """See what was found out."""
        look, self._look = self._look, None
        assert look is not None, "it has just ended"
        (speaker, samples), stretch = look.task.result(), look.stretch
        if not self._context.chooses:
            yield from self._end(stretch)
            return
        is_told = self._stretch is not None and self._stretch.number > 0
        if stretch is not self._stretch and (stretch.waits is None or is_told):
            return  # it is over
        score, told = speaker.score, stretch.number > 0
        if speaker.person is not None or (score is not None and score < SURELY_ANOTHER):
            self._context.heard_voice(speaker, asyncio.get_running_loop().time())
            answered = is_answered(speaker, self._context)
            yield from self._familiar(look, samples) if answered else self._strange(look)
            stretch.judged_until = look.heard.end
        elif score is not None and stretch.known and not stretch.strange:
            # In doubt it is partly theirs: a loud television, or where another goes on.
            stretch.judged_until = max(stretch.judged_until, look.heard.end - HALF_WINDOW)
        if stretch.waits is None or (stretch.number and not told):
            return
        if look.heard.end < stretch.waits.utterance.end - SLACK:
            self._judge(stretch, stretch.waits.utterance)
        elif stretch.number:
            yield from self._end(stretch)
        elif speaker.judged and not stretch.strange and not self._context.speaking:
            # Nobody can tell from so little; all of it together is judged beside its words.
            yield self._release(stretch, 0.0)
            yield from self._end(stretch)

    def _familiar(self, look: _Look, samples: int) -> Iterator[EarEvent]:
        """Somebody whom it answers was heard."""
        stretch, voiced_s = look.stretch, look.voiced_s
        if stretch.number:
            if stretch.end is not None:  # it was they, after all
                yield SpeechContinued(stretch.number, look.heard.end, max(0.0, voiced_s))
        else:
            if stretch.strange:
                since = max(stretch.begin, stretch.judged_until - HALF_WINDOW - SLACK)
                stretch.begin = quietest(look.heard, since, look.heard.end - samples // 2 + SLACK)
                voiced_s = (look.heard.end - stretch.begin) / LISTEN_RATE
            yield self._release(stretch, voiced_s)
            yield from self._end(stretch)
        stretch.known, stretch.strange, stretch.end = True, 0, None

    def _strange(self, look: _Look) -> Iterator[EarEvent]:
        """Somebody else was heard."""
        stretch, heard = look.stretch, look.heard
        stretch.strange += 1
        self._others_until = asyncio.get_running_loop().time()
        if not stretch.number:
            return
        if not stretch.known:  # it was taken for somebody whom it talks with
            yield SpeechTooShort(stretch.number, heard.end)
            stretch.number = 0
            return
        if stretch.end is None:
            since = max(stretch.begin, stretch.judged_until - HALF_WINDOW + SLACK)
            stretch.end = quietest(heard, since, heard.end - HALF_WINDOW + SLACK)
        said = replace(part_of(heard, stretch.begin, stretch.end), turn=stretch.number)
        if stretch.strange < STRANGE_LOOKS:
            yield SpeechFaded(said, heard.end)  # its answer is prepared meanwhile
            return
        yield SpeechEnded(said, heard.end)
        rest = _Stretch(stretch.started, stretch.end, strange=1, judged_until=heard.end)
        self._stretch = rest if self._stretch is stretch else self._stretch

    def _end(self, stretch: _Stretch) -> Iterator[EarEvent]:
        """Tell that they stopped, if that was held back."""
        if stretch.number and stretch.waits is not None:
            yield _numbered(stretch.waits, stretch)
            stretch.waits = None

    def _release(self, stretch: _Stretch, voiced_s: float) -> SpeechStarted:
        """Let the conversation hear it."""
        self._numbers += 1
        stretch.number = self._numbers
        return SpeechStarted(self._numbers, max(stretch.started.at, stretch.begin), voiced_s)


def _numbered(event: EarEvent, stretch: _Stretch) -> EarEvent:
    """Return an event as the conversation is to hear it, with no more than what is in the stretch.

    How long a stretch was voiced is told from where it begins.
    """
    match event:
        case SpeechFaded() | SpeechPaused() | SpeechEnded():
            said = part_of(event.utterance, stretch.begin, stretch.end)
            return replace(event, utterance=replace(said, turn=stretch.number))
        case SpeechContinued():
            most = (event.at - stretch.begin) / LISTEN_RATE
            voiced_s = min(event.voiced_s, most) if stretch.begin else event.voiced_s
            return SpeechContinued(stretch.number, event.at, voiced_s)
        case _:
            return replace(event, turn=stretch.number)


async def _next(heard: AsyncIterator[EarEvent]) -> EarEvent | None:
    return await anext(heard, None)
