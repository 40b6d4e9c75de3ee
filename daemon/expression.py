"""What a face is told, and how it holds itself then: the values between conversation and face."""

from dataclasses import dataclass
from enum import StrEnum


class Feeling(StrEnum):
    """What colours a face for a while."""

    SMILE = "smile"
    LAUGH = "laugh"
    CONCERN = "concern"
    SURPRISE = "surprise"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Felt:
    """A feeling, and where in a sentence it stands."""

    feeling: Feeling
    place: float
    """0 is the sentence's beginning, 1 its end."""
    strength: float = 1.0
    """How surely, 0 to 1."""


class Attitude(StrEnum):
    """What somebody with this face is at."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"
    ASLEEP = "asleep"


@dataclass(frozen=True, slots=True)
class Cue:
    """What one frame of speech asks of the face beside its mouth."""

    energy: float = 0.0
    """How loud it is, 0 to 1, against the voice's loudest."""
    accent: float = 0.0
    """How much the syllable that begins to be heard is stressed, 0 to 1; 0 between them."""
    phrase_end: bool = False
    """Whether a phrase has just ended."""
    felt: Felt | None = None
    """What begins to be felt."""
    ends: bool = False
    """Whether what is said is about to end: then it looks at whom it speaks to."""

    def after(self, earlier: "Cue") -> "Cue":
        """Return this cue with what an ``earlier`` one, whose picture was left out, asked for."""
        return Cue(
            self.energy,
            max(self.accent, earlier.accent),
            self.phrase_end or earlier.phrase_end,
            self.felt or earlier.felt,
            self.ends,
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """How a face holds itself; pixels are those of the drawn face, 342 from hairline to chin."""

    attitude: Attitude = Attitude.IDLE
    x: float = 0.0
    y: float = 0.0
    """Pixels of the whole head, right and down."""
    roll: float = 0.0
    """Radians, clockwise as seen."""
    yaw: float = 0.0
    pitch: float = 0.0
    """Pixels by which the middle of the face leads its outline, right and down."""
    forward: float = 0.0
    """Share by which the head is larger, because it is nearer."""
    breath: float = 0.0
    """0 is breathed out, 1 in."""
    gaze: tuple[float, float] = (0.0, 0.0)
    """Pixels of the irises from looking at the viewer."""
    lids: float = 0.0
    """0 is open, 1 shut; a little below 0 wide open."""
    squint: float = 0.0
    """How far cheeks push up the lower lids, 0 to 1."""
    brow_left: float = 0.0
    brow_right: float = 0.0
    """Pixels raised, left and right as seen."""
    worry: float = 0.0
    """Pixels that the brows' inner ends are raised, which looks worried; below 0 they are knit."""
    smile: float = 0.0
    """1 is a broad smile; below 0 the corners of the mouth hang."""
