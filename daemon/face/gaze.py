"""Where the eyes look and when they blink: both are left to chance, within what people do."""

import math
from dataclasses import dataclass

from daemon.expression import Attitude
from daemon.face.motion import BLINK_S, blink_at, blink_of, chance, ease

BLINK_GAP_S = 1.1  # between two blinks
SACCADE_S, SACCADE_S_PER_PX = 0.05, 0.006  # how long eyes take to look elsewhere
STAY_S = 0.3  # for which eyes stay where they are to stay
THOUGHT_S = 0.16  # from a thought's begin until the eyes look away

Limits = tuple[float, float]


class Dice:
    """Chance that is the same each time."""

    def __init__(self, seed: int) -> None:
        self._seed, self._count, self._stirred = seed, 0, 7

    def stir(self, key: int) -> None:
        """Have what follows depend on ``key``, too."""
        self._stirred = 8 + key

    def roll(self) -> float:
        """Return the next number in [0, 1)."""
        self._count += 1
        return chance(self._seed, self._stirred, self._count)

    def between(self, limits: Limits) -> float:
        """Return the next number within ``limits``."""
        return limits[0] + (limits[1] - limits[0]) * self.roll()


@dataclass(frozen=True, slots=True)
class Looks:
    """How long and where somebody looks: at the viewer, and elsewhere by turns."""

    at_s: Limits
    away_s: Limits
    across: Limits
    """Pixels of the irises to either side, least and most."""
    down: Limits
    again: float = 0.0
    """How likely it is that they look at another place on that side before they come back."""


LOOKS = {
    Attitude.IDLE: Looks((2.5, 6.0), (0.9, 2.0), (2.5, 6.0), (-1.0, 2.5)),
    Attitude.LISTENING: Looks((5.0, 9.0), (0.3, 0.5), (1.0, 2.0), (0.0, 1.0)),
    Attitude.THINKING: Looks((0.6, 1.1), (0.7, 1.5), (3.8, 5.8), (-3.2, 1.2), 0.6),
    Attitude.SPEAKING: Looks((2.0, 4.0), (0.5, 0.9), (3.5, 6.0), (-2.0, 2.0)),
    Attitude.MUTED: Looks((1.0, 1.8), (3.0, 6.0), (4.0, 6.5), (1.0, 3.0)),
    Attitude.ASLEEP: Looks((60.0, 90.0), (0.1, 0.2), (0.0, 0.0), (0.0, 0.0)),
}


class Gaze:
    """The eyes jump from one thing that they look at to the next."""

    def __init__(self, dice: Dice) -> None:
        self.target = 0.0, 0.0
        """Where they look, in pixels of the irises from the viewer, or are about to."""
        self._dice = dice
        self._from = 0.0, 0.0
        self._start, self._until, self._away = -1.0, 0.0, False

    def begin(self, attitude: Attitude, now: float) -> None:
        """Look at the viewer, or away in thought."""
        self._dice.stir(round(now * 1000))  # no two thoughts look the same
        thinks = attitude is Attitude.THINKING
        self._away = not thinks  # then the next look is elsewhere
        self._until = now + (THOUGHT_S if thinks else 0.0)

    def come_back(self, now: float) -> None:
        """Look at the viewer again, if that is not where they look."""
        if self._away:
            self._until = now

    def stay(self, now: float) -> None:
        """Look at the viewer, and do not look away for the moment."""
        self.come_back(now)
        if not self._away:
            self._until = max(self._until, now + STAY_S)

    def at(self, now: float, attitude: Attitude) -> tuple[float, float]:
        """Return where the eyes look, and have them look elsewhere where it is time to."""
        far = math.dist(self._from, self.target)
        done = ease((now - self._start) / (SACCADE_S + SACCADE_S_PER_PX * far))
        (x0, y0), (x1, y1) = self._from, self.target
        gaze = x0 + (x1 - x0) * done, y0 + (y1 - y0) * done
        if now >= self._until and done >= 1:
            looks, to = LOOKS[attitude], (0.0, 0.0)
            again = self._away and self.target != to and self._dice.roll() < looks.again
            self._away = again or not self._away
            if self._away:
                # Eyes that are aside stay on that side: across the face they would jump.
                side = math.copysign(1, self.target[0]) if self.target[0] else self._side()
                to = side * self._dice.between(looks.across), self._dice.between(looks.down)
            self._from, self.target, self._start = gaze, to, now
            self._until = now + self._dice.between(looks.away_s if self._away else looks.at_s)
        return gaze

    def _side(self) -> int:
        return 1 if self._dice.roll() < 0.5 else -1


class Blinks:
    """Blinks of its own, and those where a phrase or a thought ends; never two at once."""

    def __init__(self, seed: int) -> None:
        self._seed, self._last = seed, -10.0

    def blink(self, now: float) -> None:
        """Blink now, unless it has just done so, or is about to."""
        own, _ = blink_of(now, self._seed)
        if now - self._last > BLINK_GAP_S and abs(now - own) > BLINK_GAP_S:
            self._last = now

    def at(self, now: float) -> float:
        """Return how far the lids are shut, 0 to 1."""
        start, lasts = blink_of(now, self._seed)
        own = blink_at(now - start, lasts) if start - self._last > BLINK_GAP_S else 0.0
        return max(own, blink_at(now - self._last, BLINK_S[1]))
