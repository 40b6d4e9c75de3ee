"""The protocols of the parts. Plain blocking code: no part knows threads or asyncio.

Each model part is called from the one thread of its ``Worker`` and from nowhere else. A part looks
at its ``CancelToken`` at least per token, per sentence or per batch of frames, and returns early
(an iterator ends, a function raises ``Cancelled``) once it is set.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from daemon.expression import Pose
from daemon.media import (
    Audio,
    CalledTool,
    Image,
    Message,
    Mouth,
    Tool,
    ToolCall,
    ToolResult,
    Transcript,
)
from daemon.worker import CancelToken


class Part(Protocol):
    """What all parts have in common."""

    def warm_up(self) -> None:
        """Do the slow first run now, so that the first turn is as quick as the second."""

    def close(self) -> None:
        """Free what the part holds. Called once; nothing is called afterwards."""


class Recognizer(Part, Protocol):
    """Speech to text."""

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        """Return the words in ``audio`` (``LISTEN_RATE``); empty text if there are none."""


@runtime_checkable
class MultilingualRecognizer(Recognizer, Protocol):
    """One whose languages can be changed without loading it anew."""

    def understand(self, languages: Sequence[str]) -> None:
        """Expect these (ISO 639-1) from now on; ``SetupError`` for one that it does not know."""


class ChatModel(Part, Protocol):
    """A language model."""

    @property
    def context_tokens(self) -> int:
        """How many tokens fit, prompt and answer together."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages take as a prompt."""

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield pieces of the answer as they are made; never half a character."""


@runtime_checkable
class ReadsAhead(Protocol):
    """A language model that may read a prompt before it is to answer."""

    @property
    def keeps_branches(self) -> bool:
        """Whether what it read for one prompt stays read while it reads another."""

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        """Read them; an answer to what begins in the same way then comes sooner."""


@runtime_checkable
class EndOfUtterancePredictor(Protocol):
    """A language model that tells whether a sentence is over."""

    def end_probability(self, messages: Sequence[Message], cancel: CancelToken) -> float:
        """How likely the last message ends where it does, 0 to 1; marks at its end do not count."""


@runtime_checkable
class ToolUser(ChatModel, Protocol):
    """A language model that can ask for tools to be called."""

    tools: tuple[Tool, ...]
    """What it may ask for. It is told with every prompt, and counts as a part of it."""

    def reply_or_call(
        self, messages: Sequence[Message], cancel: CancelToken
    ) -> Iterator[str | ToolCall]:
        """Yield the answer as ``reply`` does, and then what it wants to know before it goes on."""


class Synthesizer(Part, Protocol):
    """Text to speech."""

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of ``text`` piece by piece, as soon as each is there, at any rate."""


@runtime_checkable
class StreamingVoice(Protocol):
    """A voice whose first sound is there before the sentence is spoken."""

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield what ``synthesize`` would, at ``SPEAK_RATE``, in pieces that continue each other.

        They may end anywhere in a word, so they suit what plays them, and not what changes a
        sentence as a whole.
        """


@runtime_checkable
class MultilingualVoice(Protocol):
    """One that speaks several languages."""

    def expect(self, language: str) -> None:
        """Note the language (ISO 639-1) of what follows, for a text that does not tell its own."""


@runtime_checkable
class PacedVoice(Protocol):
    """A voice whose pace can be changed without loading it anew."""

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` (0.5 to 2) times its own pace from the next sentence on."""


@runtime_checkable
class AdjustableVoice(PacedVoice, Protocol):
    """One whose loudness can be changed as well."""

    def set_volume(self, volume: float) -> None:
        """Speak so loud (0 to 1) from the next piece on."""


class VoiceConverter(Part, Protocol):
    """Speech in one voice to the same speech in another."""

    def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
        """Return ``audio`` in the other voice: same duration, the part's own rate."""


class LipSync(Part, Protocol):
    """A face: mouths from sound, and pictures from mouths."""

    @property
    def fps(self) -> int:
        """Frames per second."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a picture in pixels; both even."""

    @property
    def statement(self) -> str:
        """What is to be said in a picture or film of it; empty where it is nobody's real face."""

    def begin(self) -> None:
        """Start a reply: forget the sound of the one before. Called from the model's thread."""

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield a mouth per frame of ``audio`` (any rate).

        Calls of one reply continue each other: the n-th mouth since ``begin`` belongs to n/fps
        seconds of its sound, wherever the pieces are cut. A face that looks a little ahead in the
        sound holds back its last mouths until the next piece, or ``finish``.
        """

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the mouths held back, as if silence followed; none beyond the end of the sound."""

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        """Draw frame ``tick`` of the camera's clock; without a mouth the lips come to rest.

        Without a ``pose`` the head is left to itself. Called from the camera's thread while
        ``render`` runs in another: touches no model.
        """

    def moves(self, before: Pose, now: Pose) -> bool:
        """Whether one pose is seen to differ from the other, without a mouth; for any thread."""


class Camera(Part, Protocol):
    """Where pictures go."""

    def show(self, image: Image) -> None:
        """Hand over a picture of the agreed size; returns at once or within a frame."""

    def watched(self) -> bool:
        """Whether anybody may be looking; True where that cannot be known."""


class Tools(Protocol):
    """What can call tools. Unlike the other parts it belongs to the event loop's thread."""

    def server_of(self, tool: str) -> str:
        """Name the server that has the tool; empty if it may not be called, or is not there."""

    async def call(self, call: ToolCall, called: CalledTool) -> ToolResult:
        """Call it, and return what the model is to know; notes the outcome in ``called``.

        What goes wrong is told to the model. Cancelling gives the call up at once.
        """
