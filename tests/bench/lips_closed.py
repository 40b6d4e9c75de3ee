"""Do lips close on p, b and m?  ``python -m tests.bench.lips_closed [piper] [kokoro] [mandarin]``.

Each voice speaks sentences full of them. For each of the first 200, the drawn lips' inner edges are
looked at in the pictures that are shown from one picture before the phone until one after it: they
count as closed where no pixel is between them. The same once more without the phones, from the
sound alone, as it is done for sound that no voice here has made. And the other way round: in the
middle of open vowels of 80 ms and more, the lips are to be apart.

First the phones' own times are held against the sound: between two vowels, the mouth is shut where
a p or b is most silent, so the middle of that hole is to be in the middle of the phone.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from daemon.face.lips import contours
from daemon.face.portrait import MouthReader
from daemon.face.spoken import visemes_of
from daemon.face.visemes import VISEMES
from daemon.media import Audio, Mouth, Phone, Samples
from daemon.stages import Synthesizer
from daemon.store.model_store import open_store
from daemon.worker import CancelToken

COUNT, FPS = 200, 25
LIPS = VISEMES.index("m b p")
OPEN_VOWELS = {VISEMES.index(name) for name in ("a", "e", "o")}
LONG_S = 0.08
VOWELS = {VISEMES.index(name) for name in ("a", "e", "i", "o", "u w", "uh")}
APART_PX = 0.75  # of the drawn face at 720p
STEP_S, WINDOW_S, AROUND_S = 0.005, 0.01, 0.08
HOLE_DB = 10.0  # above its deepest point

ENGLISH = (
    "A happy puppy played about a big purple box.",
    "My mother made up a simple map of the old town.",
    "The pepper pot was above the table by the lamp.",
    "Nobody believed that Bob had a problem with a hobby.",
    "He opened a paper about rubber and copper.",
    "Maybe Pam and Bob may come by bus to the party.",
    "Put the apple pie and the plum jam upon the bamboo plate.",
    "Remember to bring a map, a lamp and a warm jumper.",
    "The company employs many people and a robot.",
    "I am happy to be able to help you with the problem.",
    "Peter bought some pepper, some butter and a pumpkin.",
    "A number of rabbits jumped over a lumber pile.",
    "My neighbour will probably paint the cabin in September.",
    "Copper pipes became popular before plastic pipes.",
    "The baby slept in a blue pram beneath the maple.",
    "Ompah bands play simple pop about amber beer.",
)
CHINESE = (
    "爸爸妈妈买面包，朋友把苹果分一半。",
    "明天不忙，我们跑步爬坡，拍一部美丽的片子。",
    "北边的博物馆门票便宜，不必买别的。",
    "他帮忙搬宝贝，一百本笔记本没毛病。",
    "保姆抱着宝宝，慢慢摸摸小猫。",
    "我的邻居把白布铺满木板，表面平平的。",
    "办公室八名秘书，每个人都明白这个秘密。",
    "妹妹怕冷，把棉被抱到房门旁边。",
    "白马跑得比黑马慢，不过跑得不累。",
    "葡萄蜜瓜都漂亮，买不买随便你们。",
    "没办法，我们必须准备面对麻烦。",
    "跑步的朋友摸摸鼻子，默默地陪爸爸。",
    "爬山比跑步慢，不过美妙得不得了。",
    "老板把钱包放在皮包旁边，没买别的。",
    "母亲买米、买面、买苹果和葡萄。",
    "别怕麻烦，明白的人必定帮忙。",
    "北方的冰雹把玻璃棚打破了一半。",
    "秘密部门派八百名民兵保卫码头。",
    "他拍拍胸脯，保证比赛不会白跑。",
    "宝贝抱着布娃娃，摸摸它的眉毛和嘴巴。",
)


def voices(names: list[str]) -> Iterator[tuple[str, Synthesizer, tuple[str, ...]]]:
    """Yield the voices asked for, all if none, each with what it is to say."""
    store = open_store()
    for name in names or ("piper", "kokoro", "mandarin"):
        if name == "piper":
            from daemon.voice.piper import Piper

            yield name, Piper(store.path("piper-joe")), ENGLISH
        elif name == "kokoro":
            from daemon.voice.kokoro.network import open_network
            from daemon.voice.kokoro.voice import Kokoro

            yield name, Kokoro(open_network(store.path("kokoro")), "af_heart"), ENGLISH
        else:
            from daemon.voice.mandarin import Mandarin

            yield name, Mandarin(store.path("mandarin-baker")), CHINESE


def is_lips(phone: Phone) -> bool:
    """Whether a phone is made with closed lips."""
    return visemes_of(phone.symbol)[:1] == (LIPS,)


def mouths(audio: Audio) -> list[Mouth]:
    """Return the mouths of a piece, one for each picture."""
    reader, cancel = MouthReader(FPS), CancelToken()
    reader.begin()
    return [*reader.read(audio, cancel), *reader.finish()]


def lasts(phone: Phone, audio: Audio) -> bool:
    """Whether a phone is long."""
    return phone.end - phone.start >= LONG_S * audio.rate


def closed(shapes: list[Mouth], phone: Phone, rate: int, around: float = 1.0) -> bool:
    """Whether the lips are closed in a picture from ``around`` before to as many after a phone."""
    first = max(0, int(np.ceil(phone.start / rate * FPS - around)))
    last = int(np.floor(phone.end / rate * FPS + around))
    edges = [contours(mouth) for mouth in shapes[first : last + 1]]
    return any(float((edge.lower_inner - edge.upper_inner).max()) < APART_PX for edge in edges)


def levels(audio: Audio) -> Samples:
    """Return the sound's level in dB, each ``STEP_S``."""
    step, window = round(STEP_S * audio.rate), round(WINDOW_S * audio.rate)
    power = np.convolve(np.square(audio.samples), np.ones(window) / window, "same")[::step]
    return np.asarray(10 * np.log10(power + 1e-9), np.float32)


def late(audio: Audio, before: Phone, phone: Phone, after: Phone) -> float | None:
    """Return by how many seconds the phone's middle is later than that of the hole in the sound."""
    stop = phone.symbol[:1] in "pb"
    around = (visemes_of(before.symbol)[-1:], visemes_of(after.symbol)[:1])
    if not stop or any(not set(one) & VOWELS for one in around):
        return None
    level = levels(audio)
    first = max(0, int((phone.start / audio.rate - AROUND_S) / STEP_S))
    last = int((phone.end / audio.rate + AROUND_S) / STEP_S)
    part = level[first:last]
    if not len(part):
        return None
    deepest = int(part.argmin())
    hole = np.flatnonzero(part < part[deepest] + HOLE_DB)
    middle = (first + float(hole.mean())) * STEP_S
    return (phone.start + phone.end) / 2 / audio.rate - middle


def main() -> None:
    """Speak, look and tell."""
    cancel = CancelToken()
    for name, voice, texts in voices(sys.argv[1:]):
        known, heard, away, opened = list[bool](), list[bool](), list[float](), list[bool]()
        for text in texts:
            for audio in voice.synthesize(text, cancel):
                shapes, alone = mouths(audio), mouths(replace(audio, phones=()))
                for i, phone in enumerate(audio.phones):
                    if is_lips(phone):
                        known.append(closed(shapes, phone, audio.rate))
                        heard.append(closed(alone, phone, audio.rate))
                    if set(visemes_of(phone.symbol)) & OPEN_VOWELS and lasts(phone, audio):
                        middle = (phone.start + phone.end) // 2
                        opened.append(
                            not closed(shapes, Phone("", middle, middle), audio.rate, 0.5)
                        )
                    if 0 < i < len(audio.phones) - 1:
                        one = late(audio, audio.phones[i - 1], phone, audio.phones[i + 1])
                        away += [] if one is None else [one]
        known, heard = known[:COUNT], heard[:COUNT]
        low, middle, high = np.percentile(away, (10, 50, 90)) * 1000
        sys.stdout.write(
            f"{name}: lips closed on {sum(known)} of {len(known)}; by the sound alone on "
            f"{sum(heard)}; phones of {len(away)} stops late by {middle:.0f} ms "
            f"(80 % from {low:.0f} to {high:.0f}); lips apart in {sum(opened)} of {len(opened)} "
            f"open vowels\n"
        )


if __name__ == "__main__":
    main()
