"""What the persons of a measurement say: spoken once by the voices, then kept in the cache."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from daemon.bench.signals import cough, levelled, trimmed
from daemon.components import Components
from daemon.config import Settings
from daemon.files import atomic_write
from daemon.media import LISTEN_RATE, Samples
from daemon.stages import Synthesizer
from daemon.store.model_store import default_directory, open_store
from daemon.store.verify import storage_errors
from daemon.voice.plain_factory import PlainFactory
from daemon.worker import CancelToken

FORMAT = 3  # of the cache file and of how speech is trimmed and levelled
QUESTIONS = {
    "en": (
        "What is the capital of France?",
        "How many legs does a spider have?",
        "Can you tell me why the sky is blue?",
        "What is a good breakfast for a busy morning?",
        "Who wrote Romeo and Juliet?",
        "How far away is the moon?",
        "What should I wear when it rains?",
        "Why do cats sleep so much?",
        "What is the largest ocean on Earth?",
        "Please recommend a book for a long train ride.",
        "How do I make a cup of green tea?",
        "What is the difference between a frog and a toad?",
    ),
    "zh": (
        "中国的首都是哪里？",
        "一年有多少天？",
        "天空为什么是蓝色的？",
        "早饭吃什么比较健康？",
        "你能介绍一下长城吗？",
        "月亮离我们有多远？",
        "下雨天应该穿什么？",
        "猫为什么喜欢睡觉？",
        "世界上最大的海洋是哪一个？",
        "请推荐一本适合旅行时看的书。",
        "怎么泡一杯绿茶？",
        "青蛙和蟾蜍有什么区别？",
    ),
}
PAUSED = {  # where people stop to think, for up to a second
    "en": (
        ("I would like to know,", "how long it takes to boil an egg."),
        ("When I travel to Italy next summer,", "which city should I see first?"),
        ("My friend asked me,", "what the tallest mountain in the world is."),
        ("If I only have an hour in the morning,", "what kind of exercise is best?"),
        ("Could you please explain,", "what a black hole is?"),
        ("The other day I wondered,", "why leaves change their colour in autumn."),
        ("For my birthday next week,", "what cake would you bake?"),
        ("Suppose that I lose my key,", "whom should I call?"),
        ("Before I go to bed tonight,", "what should I read to my children?"),
        ("I have always asked myself,", "how a compass finds the north."),
    ),
    "zh": (
        ("我想知道，", "煮鸡蛋需要多长时间。"),
        ("如果我明年夏天去意大利，", "应该先去哪个城市？"),
        ("我的朋友问我，", "世界上最高的山是哪一座。"),
        ("如果早上只有一个小时，", "做什么运动最好？"),
        ("请你给我解释一下，", "什么是黑洞？"),
        ("前几天我在想，", "为什么秋天树叶会变颜色。"),
        ("下个星期我过生日，", "你会做什么蛋糕？"),
        ("要是我把钥匙丢了，", "应该给谁打电话？"),
        ("今天晚上睡觉之前，", "给孩子读什么故事好？"),
        ("我一直不明白，", "指南针为什么总是指向北方。"),
    ),
}
JOINT_S = 0.05  # between their halves, at least
NEAR = 0.15  # share of the sound by which a joint is off where the letters have it, at most
PAUSE_S = 0.4, 1.0  # the shortest and the longest of these pauses
LONG = {  # to be answered at length: there must be something to speak over
    "en": (
        "Tell me a short story about a dragon and a lighthouse.",
        "Describe a walk through an old town in the evening.",
        "Explain how bread is made, from the grain to the table.",
        "Tell me everything you know about whales.",
    ),
    "zh": (
        "请给我讲一个关于小狐狸的故事。",
        "请详细介绍一下北京的四季。",
        "请说说面包是怎么做出来的。",
        "请告诉我关于鲸鱼的一切。",
    ),
}
BACKCHANNELS = {"en": ("Yeah.", "Uh-huh.", "Mm."), "zh": ("嗯。", "对。")}
COUGHS = 2

Texts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SpeechClip:
    """A recording whose first sample is the onset and whose last is the end of its sound."""

    language: str
    """Empty for a cough."""
    samples: Samples
    """At ``LISTEN_RATE``."""
    question: bool
    """Whether it is to be answered."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """All that can be said; each list alternates between the languages."""

    questions: list[SpeechClip]
    """Plain ones and ones with a pause inside in turn: of forty, twenty each."""
    long: list[SpeechClip]
    backchannels: list[SpeechClip]


def load_script(settings: Settings) -> QuestionSet:
    """Load the recordings, made first where the cache has none of these texts and voices."""
    sounds = _sounds(settings)
    rng = np.random.default_rng(FORMAT)
    languages = _measured(settings)
    coughs = [SpeechClip("", cough(rng), False) for _ in range(COUGHS)]
    return QuestionSet(
        mixed(sounds, languages, rng),
        _clips(sounds, LONG, languages),
        _clips(sounds, BACKCHANNELS, languages) + coughs,
    )


def load_recordings(settings: Settings) -> list[tuple[str, str, Samples]]:
    """Load all that is longer than a word, without pauses: language, text and sound."""
    sounds = _sounds(settings)
    found: list[tuple[str, str, Samples]] = []
    for language in _measured(settings):
        paused = [whole(language, *halves) for halves in PAUSED[language]]
        texts = (*QUESTIONS[language], *LONG[language], *paused)
        found += [(language, text, sounds[text]) for text in texts]
    return found


def _measured(settings: Settings) -> list[str]:
    """Return the languages that it hears, as far as there are questions in them; else English."""
    return [code for code in settings.ears.languages if code in QUESTIONS] or ["en"]


def _sounds(settings: Settings) -> dict[str, Samples]:
    path = default_directory().parent / "bench" / "speech.npz"
    key = _key(settings)
    return _read(path, key) or _make(path, key, settings)


def _clips(sounds: dict[str, Samples], texts: Texts, languages: Iterable[str]) -> list[SpeechClip]:
    question = texts is not BACKCHANNELS
    spoken = [
        [SpeechClip(lang, sounds[text], question) for text in texts[lang]] for lang in languages
    ]
    longest = max(map(len, spoken))
    return [clips[i] for i in range(longest) for clips in spoken if i < len(clips)]


def mixed(
    sounds: dict[str, Samples], languages: Sequence[str], rng: np.random.Generator
) -> list[SpeechClip]:
    """Return the questions, every other one with a pause and in the other language."""
    plain = _clips(sounds, QUESTIONS, languages)
    paused = [_paused(sounds, language, rng) for language in reversed(languages)]
    with_pause = [clip for several in zip(*paused, strict=True) for clip in several]
    both = zip_longest(plain, with_pause)
    return [clip for several in both for clip in several if clip is not None]


def _paused(
    sounds: dict[str, Samples], language: str, rng: np.random.Generator
) -> list[SpeechClip]:
    """Put pauses between the halves, from the shortest to the longest.

    They are spoken as one sentence: the melody of the first is to say that more will follow.
    """
    clips = []
    pauses = np.linspace(*PAUSE_S, len(PAUSED[language]))
    for (first, second), pause_s in zip(PAUSED[language], rng.permutation(pauses), strict=True):
        sound = sounds[whole(language, first, second)]
        joint = quietest(sound, len(first) / (len(first) + len(second)))
        silence = np.zeros(round(pause_s * LISTEN_RATE), np.float32)
        clips.append(
            SpeechClip(language, np.concatenate([sound[:joint], silence, sound[joint:]]), True)
        )
    return clips


def whole(language: str, first: str, second: str) -> str:
    """Return the question without its pause."""
    return first + second if language == "zh" else f"{first} {second}"


def quietest(sound: Samples, share: float) -> int:
    """Return the middle of the quietest moment near this share of a sound, in samples."""
    window = round(JOINT_S * LISTEN_RATE)
    power = np.convolve(np.square(sound), np.ones(window, np.float32), "valid")
    begin = round(max(0.0, share - NEAR) * len(power))
    return begin + int(np.argmin(power[begin : round((share + NEAR) * len(power))])) + window // 2


def _texts() -> Iterator[str]:
    for texts in (QUESTIONS, LONG, BACKCHANNELS):
        for several in texts.values():
            yield from several
    for language, paused in PAUSED.items():
        yield from (whole(language, *halves) for halves in paused)


def _key(settings: Settings) -> str:
    chosen = PlainFactory(settings, open_store(settings.models.directory)).chosen()
    voices = [chosen[code].name for code in ("en", "zh") if code in chosen]
    what = json.dumps([FORMAT, LISTEN_RATE, voices, list(_texts())])
    return hashlib.sha256(what.encode()).hexdigest()


def _read(path: Path, key: str) -> dict[str, Samples] | None:
    """Return the cached sounds by their texts; ``None`` if they are missing, old or damaged."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            if str(kept["key"]) != key:
                return None
            return {text: kept[f"sound{i}"] for i, text in enumerate(_texts())}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _make(path: Path, key: str, settings: Settings) -> dict[str, Samples]:
    # always at the voice's own pace and level, whatever the user prefers
    natural = settings.voice.model_copy(update={"speed": 1.0, "volume": 1.0})
    voice = Components(settings.model_copy(update={"voice": natural})).voice()
    try:
        voice.warm_up()
        sounds = {text: _speak(voice, text) for text in _texts()}
    finally:
        voice.close()
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"sound{i}": s for i, s in enumerate(sounds.values())}
    with atomic_write(path) as part, part.open("wb") as file:
        np.savez(file, key=np.array(key), **arrays)
    return sounds


def _speak(voice: Synthesizer, text: str) -> Samples:
    pieces = [piece.at_rate(LISTEN_RATE) for piece in voice.synthesize(text, CancelToken())]
    return levelled(trimmed(np.concatenate([piece.samples for piece in pieces])))
