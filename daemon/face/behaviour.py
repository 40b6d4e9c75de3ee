"""How a face holds itself in a conversation: listening, thinking, speaking, with feeling.

A model of attention, not of anatomy: from the state of the conversation, the stress of its own
speech and what is felt follow targets for a few channels, and each channel follows its target as a
critically damped spring. So there is no transition that jumps, whatever happens when. Renderers
only draw the ``Pose`` that comes out; without events the same ticks give the same poses.

What people do, and in which measure, is taken from studies of conversations: listeners look at the
speaker and nod at pauses; speakers nod and raise their brows on stressed syllables, look away for a
moment while they plan, and blink where a phrase ends (Argyle & Cook, *Gaze and Mutual Gaze*, 1976;
Munhall et al., *Visual Prosody and Speech Intelligibility*, 2004; Nakano & Kitazawa, *Eyeblink
Entrainment at Breakpoints of Speech*, 2010).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from daemon.expression import Attitude, Cue, Feeling, Pose
from daemon.face.gaze import Blinks, Dice, Gaze
from daemon.face.motion import ease, idle_pose, wave

SLEEP_S = 600.0  # with nobody speaking until it falls asleep
ATTENTIVE_S = 8.0  # after it has spoken it looks at the person, who may answer
FEELING_S = 2.4  # that a feeling is held; it comes and goes within half a second
LAUGH_S, LAUGH_HZ = 1.3, 4.3
NOD_S, BROW_S = 0.15, 0.20  # how long a beat pulls
PAUSE_S = 0.25  # of silence are a pause, and not the closure of a plosive
NOD_GAP_S = 1.4  # between nods to what somebody says
HEAD_FOLLOWS = 0.45  # of the way that the eyes turn
THOUGHT_FOLLOWS, THOUGHT_TILTS = 1.2, 0.002  # and in thought: so far, and so many radians a pixel
FULL = 1.5  # times a table's amount at an expressiveness of 1; at 0.5 it is mild

# How quickly a channel follows: radians per second of a critically damped spring.
HEAD, FACE, LIDS, BEAT = 4.5, 8.0, 7.0, 15.0
SPEED = {
    "x": HEAD, "y": HEAD, "roll": HEAD, "yaw": HEAD, "pitch": HEAD, "forward": HEAD,
    "inhale": 2.2, "voice": 4.0, "calm": 2.0, "lids": LIDS, "squint": FACE, "smile": FACE,
    "brow_left": FACE, "brow_right": FACE, "worry": FACE, "nod": BEAT, "brow": BEAT, "shake": FACE,
}  # fmt: skip

HEAVY, DROWSY, DROWSY_S = ("x", "y", "roll", "yaw", "pitch", "forward"), 2.2, 2.5
"""What moves slowly while it falls asleep or wakes, how quickly, and how long after it woke."""

Targets = Mapping[str, float]

ATTITUDES: dict[Attitude, Targets] = {
    Attitude.IDLE: {"smile": 0.22},
    Attitude.LISTENING: {
        "forward": 0.016, "pitch": 1.2, "roll": 0.018, "brow_left": 1.6, "brow_right": 1.6,
        "lids": -0.03, "smile": 0.26, "calm": 0.5,
    },
    Attitude.THINKING: {
        "forward": -0.004, "pitch": -1.5, "roll": -0.016, "worry": -1.2, "brow_left": 1.5,
        "brow_right": 0.3, "squint": 0.15, "smile": 0.06,
    },
    Attitude.SPEAKING: {"forward": 0.006, "smile": 0.18, "brow_left": 0.4, "brow_right": 0.4},
    Attitude.MUTED: {"lids": 0.10, "smile": 0.10, "forward": -0.006, "calm": 0.6},
    Attitude.ASLEEP: {
        "lids": 1.0, "pitch": 7.0, "y": 7.0, "roll": 0.05, "smile": 0.12, "calm": 0.7,
        "brow_left": -1.5, "brow_right": -1.5,
    },
}  # fmt: skip

FEELINGS: dict[Feeling, Targets] = {
    Feeling.SMILE: {
        "smile": 0.85, "squint": 0.6, "brow_left": 1.2, "brow_right": 1.2, "roll": 0.012,
    },
    Feeling.LAUGH: {
        "smile": 1.0, "squint": 0.9, "brow_left": 2.0, "brow_right": 2.0, "pitch": -3.5,
        "roll": 0.02, "lids": 0.12, "shake": 1.0,
    },
    Feeling.CONCERN: {
        "smile": -0.55, "worry": 6.0, "brow_left": -0.5, "brow_right": -0.5, "roll": 0.03,
        "forward": 0.008, "pitch": 1.5, "lids": 0.06,
    },
    Feeling.SURPRISE: {
        "smile": -0.05, "brow_left": 7.5, "brow_right": 7.5, "lids": -0.13, "pitch": -2.5,
        "forward": -0.008,
    },
    Feeling.DOUBT: {
        "smile": -0.3, "brow_left": 6.0, "brow_right": -2.0, "worry": -1.0, "roll": -0.03,
        "squint": 0.35, "yaw": 2.0,
    },
}  # fmt: skip


AWAKE = (Attitude.LISTENING, Attitude.THINKING, Attitude.SPEAKING)


class _Spring:
    """A value that follows a target, critically damped; exact for steps of any length."""

    __slots__ = ("speed", "value", "velocity")

    def __init__(self, speed: float) -> None:
        self.speed, self.value, self.velocity = speed, 0.0, 0.0

    def follow(self, target: float, seconds: float) -> float:
        away = self.value - target
        change = (self.velocity + self.speed * away) * seconds
        fading = math.exp(-self.speed * seconds)
        self.velocity = (self.velocity - self.speed * change) * fading
        self.value = target + (away + change) * fading
        return self.value


class Behaviour:
    """One face's behaviour; the camera's clock moves it on, the conversation tells it what is."""

    def __init__(self, fps: int, expressiveness: float = 0.5, seed: int = 1) -> None:
        """``expressiveness`` is the setting ``face.expressiveness``; it may change at any time."""
        self.expressiveness = expressiveness
        self.is_asked: Callable[[], bool] = lambda: False
        """Whether what it thinks about is known to be a question; asked until it is."""
        self._fps, self._seed = fps, seed
        self._springs = {name: _Spring(speed) for name, speed in SPEED.items()}
        self._attitude, self._since = Attitude.IDLE, 0.0
        self._drowsy_until = -1.0
        self._idle_at = math.inf  # when nobody has gone on
        self._now, self._begun = 0.0, False
        self._feeling: Feeling | None = None
        self._strength = 1.0
        self._feels_until = self._laughs_until = self._nods_until = self._brows_until = -1.0
        self._nod = self._brow = 0.0
        self._nodded = -10.0
        self._nod_at = math.inf
        self._wonders = False  # whether it is a question
        self._dice = Dice(seed)
        self._gaze, self._blinks = Gaze(self._dice), Blinks(seed)
        for name, value in ATTITUDES[Attitude.IDLE].items():
            self._springs[name].value = value

    def attend(self, attitude: Attitude) -> None:
        """Be at something else from the next picture on."""
        self._idle_at = math.inf
        if attitude is Attitude.IDLE and self._attitude in AWAKE:
            attitude, self._idle_at = Attitude.LISTENING, self._now + ATTENTIVE_S
        if attitude is self._attitude:
            return
        before, self._attitude, self._since = self._attitude, attitude, self._now
        self._gaze.begin(attitude, self._now)
        self._wonders = attitude is Attitude.THINKING
        if before is Attitude.ASLEEP:
            self._drowsy_until = self._now + DROWSY_S
        if Attitude.ASLEEP in (before, attitude) or attitude is Attitude.THINKING:
            self._blinks.blink(self._now)

    def person_paused(self, pauses: bool) -> None:
        """Note that who speaks has fallen silent, or goes on; a pause that lasts gets a nod."""
        self._nod_at = self._now + PAUSE_S if pauses else math.inf

    def feel(self, feeling: Feeling, strength: float = 1.0) -> None:
        """Feel something for a while, 0 to 1; what is surely felt is not put out by a guess."""
        if self._now < self._feels_until and strength < self._strength:
            return
        self._feeling, self._feels_until = feeling, self._now + FEELING_S
        self._strength = strength
        if feeling is Feeling.LAUGH:
            self._laughs_until = self._now + LAUGH_S

    def step(self, tick: int, cue: Cue | None = None) -> Pose:
        """Go on to ``tick`` of the camera's clock; ``cue`` belongs to the speech heard then."""
        now = tick / self._fps
        passed = max(0.0, now - self._now) if self._begun else 0.0
        self._now, self._begun = now, True
        attitude = self._attitude_now(cue)
        if cue is not None:
            self._speak(cue)
        if self._wonders and self.is_asked():
            self._wonders = False
            self._beat_brows(4.0)
        if now >= self._nod_at:
            self._nod_at = math.inf
            if attitude is Attitude.LISTENING and now - self._nodded > NOD_GAP_S:
                self._beat_head(4.5 + 2.5 * self._dice.roll())
                self._nodded = now
        targets = self._targets(attitude, cue)
        drowsy = attitude is Attitude.ASLEEP or now < self._drowsy_until
        for name in HEAVY:
            self._springs[name].speed = DROWSY if drowsy else SPEED[name]
        at = {name: s.follow(targets[name], passed) for name, s in self._springs.items()}
        return self._pose(attitude, at)

    def _attitude_now(self, cue: Cue | None) -> Attitude:
        """Return what it is at, as far as that follows from the time alone."""
        for_s = self._now - self._since
        if cue is not None and self._attitude is not Attitude.SPEAKING:
            self.attend(Attitude.SPEAKING)  # in a film nobody else tells
        elif self._now >= self._idle_at:
            self._attitude, self._since, self._idle_at = Attitude.IDLE, self._now, math.inf
        elif self._attitude is Attitude.IDLE and for_s > SLEEP_S:
            self.attend(Attitude.ASLEEP)
        return self._attitude

    def _speak(self, cue: Cue) -> None:
        if cue.felt is not None:
            self.feel(cue.felt.feeling, cue.felt.strength)
        if cue.phrase_end:
            if self._dice.roll() < 0.7:
                self._blinks.blink(self._now)
            self._gaze.come_back(self._now)
        if cue.ends:
            self._gaze.stay(self._now)
        if cue.accent > 0:
            lively = 0.5 + self.expressiveness
            if self._dice.roll() < 0.2 + 0.55 * cue.accent:
                self._beat_head(lively * (2.5 + 4.0 * cue.accent))
            if self._dice.roll() < 0.2 + 0.5 * cue.accent:
                self._beat_brows(lively * (1.2 + 2.6 * cue.accent))

    def _targets(self, attitude: Attitude, cue: Cue | None) -> dict[str, float]:
        targets = dict.fromkeys(SPEED, 0.0) | dict(ATTITUDES[attitude])
        if self._feeling is not None and self._now < self._feels_until:
            for name, amount in FEELINGS[self._feeling].items():
                targets[name] += FULL * self.expressiveness * self._strength * amount
        if self._now >= self._laughs_until:
            targets["shake"] = 0.0
        eyes = self._gaze.target
        thinks = attitude is Attitude.THINKING
        follows = THOUGHT_FOLLOWS if thinks else HEAD_FOLLOWS
        targets["yaw"] += follows * eyes[0]
        targets["pitch"] += follows * eyes[1]
        targets["roll"] += THOUGHT_TILTS * eyes[0] * thinks
        targets["voice"] = 1.0 if cue is not None and cue.energy > 0.15 else 0.0
        if thinks and self._now - self._since < 1.6:
            targets["inhale"] = 0.9
        targets["nod"] = self._nod if self._now < self._nods_until else 0.0
        targets["brow"] = self._brow if self._now < self._brows_until else 0.0
        return targets

    def _pose(self, attitude: Attitude, at: Mapping[str, float]) -> Pose:
        still = idle_pose(self._now, at["voice"], self._seed)
        sway = 1 - at["calm"]
        shake = at["shake"] * wave(self._now, (1 / LAUGH_HZ, 1.1))
        gaze = self._gaze.at(self._now, attitude)
        shut = max(0.0, at["lids"])
        awake = 1 - ease(2 * shut - 0.6)  # lids that are shut do not tremble
        blink = self._blinks.at(self._now) * awake
        return replace(
            still,
            attitude=attitude,
            x=still.x * sway + at["x"],
            y=still.y * sway + at["y"] + 0.7 * at["nod"] + shake,
            roll=still.roll * sway + at["roll"],
            yaw=still.yaw * sway + at["yaw"],
            pitch=at["pitch"] + at["nod"],
            forward=at["forward"],
            breath=still.breath + (1 - still.breath) * at["inhale"],
            gaze=(gaze[0] + awake * still.gaze[0], gaze[1] + awake * still.gaze[1]),
            lids=min(1.0, at["lids"] + (1 - at["lids"]) * blink),
            squint=min(1.0, max(0.0, at["squint"])),
            brow_left=still.brow_left + at["brow_left"] + at["brow"],
            brow_right=still.brow_right + at["brow_right"] + at["brow"],
            worry=at["worry"],
            smile=min(1.2, max(-1.0, at["smile"])),
        )

    def _beat_head(self, amount: float) -> None:
        self._nod, self._nods_until = amount, self._now + NOD_S

    def _beat_brows(self, amount: float) -> None:
        self._brow, self._brows_until = amount, self._now + BROW_S
