"""Teach the mouth: ``python faces/learn_mouth.py VOICE.onnx`` writes ``daemon/face/visemes.npz``.

A Piper voice speaks nonsense that holds every English sound in many neighbourhoods, and tells when
each phoneme was spoken; a small network learns which mouth position goes with which sound. Every
clip is heard several times: at other pitches and from other throats, differently coloured,
noisier. Needs the ``onnx`` package, which the program itself does not.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from piper import PiperVoice, SynthesisConfig

from daemon.face.visemes import (
    AFTER,
    BANDS,
    BEFORE,
    STEP_HZ,
    VISEMES,
    Floats,
    Spectra,
    VoiceLevel,
    power_of,
    seen,
)

CLIPS, HEARINGS, HIDDEN, EPOCHS = 520, 4, 128, 10
REPITCHED = 0.7  # share of the hearings whose pitch is another
LOUD_DB = -18.0  # relative to the voice
VOICELESS = ("rest", "s z", "sh ch", "f v")
SEEN = {"m b p": 1.4, "f v": 1.5}  # sounds whose lips are missed most when they fail to close
SOUNDS = {
    "m b p": "m b p",
    "a": "ɑ a ʌ ɐ",
    "e": "ɛ æ e",
    "i": "i ɪ j",
    "o": "ɔ o ɒ",
    "u w": "u ʊ w",
    "uh": "ə ɚ ɜ ᵻ",
    "f v": "f v",
    "t d n l th": "t d n l θ ð ɾ",
    "s z": "s z",
    "sh ch": "ʃ ʒ",
    "r": "ɹ",
    "k g h": "k ɡ ŋ h",
}
VOWELS = ["ɑː", "ʌ", "ɛ", "æ", "iː", "ɪ", "ɔː", "oʊ", "uː", "ʊ", "ə", "ɜː", "eɪ", "aɪ", "aʊ", "ɔɪ"]
# fmt: off
ONSETS = ["m", "b", "p", "f", "v", "t", "d", "n", "l", "θ", "ð", "s", "z", "ʃ", "tʃ", "dʒ", "ɹ",
          "k", "ɡ", "h", "w", "j", "st", "pl", "bɹ", "tɹ", "kw", "sp", "fl", "sm"]
CODAS = ["", "", "", "m", "p", "b", "f", "v", "t", "d", "n", "l", "s", "z", "ʃ", "k", "ŋ", "ɹ", "θ"]
# fmt: on
CLASS_OF = {sound: VISEMES.index(name) for name, row in SOUNDS.items() for sound in row.split()}


def nonsense(random: np.random.Generator) -> list[str]:
    """Return phonemes of a sentence of nonsense words."""
    phonemes: list[str] = []
    for word in range(random.integers(3, 8)):
        phonemes += [" "] if word else []
        for syllable in range(random.integers(1, 4)):
            onset = ONSETS[random.integers(len(ONSETS))] if random.random() < 0.9 else ""
            vowel, coda = (part[random.integers(len(part))] for part in (VOWELS, CODAS))
            phonemes += list(onset) + (["ˈ"] if syllable == 0 else []) + list(vowel) + list(coda)
        phonemes += [","] if random.random() < 0.15 else []
    return [*phonemes, "."]


def spoken(voice: PiperVoice, random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Return a nonsense sentence and the viseme of each of its samples."""
    phonemes = nonsense(random)
    config = SynthesisConfig(length_scale=float(random.uniform(0.85, 1.35)))
    audio, lengths = voice.phoneme_ids_to_audio(
        voice.phonemes_to_ids(phonemes), config, include_alignments=True
    )
    assert lengths is not None, "the voice does not tell when it speaks what"
    ids = voice.config.phoneme_id_map
    labels, sounding = [], 0
    spans = iter(lengths.astype(int).tolist())
    labels.append(np.full(next(spans) + next(spans), 0))  # beginning of sentence, pad
    for phoneme in phonemes:
        length = sum(next(spans) for _ in range(len(ids[phoneme]) + 1))
        if phoneme not in "ːˈ ":  # marks and the seams between words belong to the sound before
            sounding = CLASS_OF.get(phoneme, 0)
        labels.append(np.full(length, sounding))
    labels.append(np.zeros(max(0, len(audio) - sum(map(len, labels))), int))
    return np.asarray(audio, np.float32), np.concatenate(labels)[: len(audio)]


def repitched(
    audio: Floats, labels: NDArray[np.int64], rate: int, random: np.random.Generator
) -> Floats:
    """Return the clip in another voice: its spectral envelope on pulses of another pitch.

    A channel vocoder: the envelope is the cepstrally smoothed spectrum, which has forgotten the
    pitch; what the labels call voiced is excited by pulses, the rest by noise.
    """
    size, hop = 1024, 256
    window = np.hanning(size).astype(np.float32)
    count = len(audio)
    bends = np.interp(np.arange(count), np.linspace(0, count, 9), random.uniform(0.8, 1.25, 9))
    pitch = np.exp(random.uniform(np.log(85), np.log(330))) * bends
    phase = np.cumsum(pitch / rate)
    pulses = np.diff(np.floor(phase), prepend=0) * np.sqrt(rate / pitch)
    noise = random.standard_normal(count)
    voiced = ~np.isin(labels, [VISEMES.index(name) for name in VOICELESS])
    sung = np.convolve(voiced, np.hanning(301) / np.hanning(301).sum(), "same")
    excitation = sung * pulses + (1 - sung + 0.08) * noise
    padded = np.pad(np.stack([audio, excitation]), ((0, 0), (size, size)))
    out = np.zeros(padded.shape[1])
    for start in range(0, padded.shape[1] - size, hop):
        heard_part, made = np.fft.rfft(padded[:, start : start + size] * window)
        cepstrum = np.fft.irfft(np.log(np.abs(heard_part) + 1e-4))
        cepstrum[round(0.0032 * rate) : -round(0.0032 * rate)] = 0
        envelope = np.exp(np.fft.rfft(cepstrum).real)
        out[start : start + size] += np.fft.irfft(made * envelope) * window
    return out[size:-size].astype(np.float32)


def coloured(random: np.random.Generator) -> Floats:
    """Return a change of timbre in dB per band: another throat, another microphone."""
    bands = np.arange(BANDS)
    slope = random.normal(0, 4) * np.linspace(-1, 1, BANDS)
    waves = np.interp(bands, np.linspace(0, BANDS - 1, 7), random.normal(0, 3.5, 7))
    low_cut = -random.uniform(0, 18) * np.clip(1 - bands / random.uniform(0.5, 2.5), 0, 1)
    return (slope + waves + low_cut + random.normal(0, 0.8, BANDS)).astype(np.float32)


def heard(
    audio: Floats, labels: NDArray[np.int64], rate: int, random: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the network's inputs and answers for one hearing of a clip."""
    if random.random() < REPITCHED:
        audio = repitched(audio, labels, rate, random)
    rate = round(rate * random.uniform(0.82, 1.25))
    quiet = np.zeros(round(rate * 0.4), np.float32)
    sound = np.concatenate([quiet, audio / np.sqrt(np.mean(audio**2)) * 0.1, quiet])
    sound *= 10 ** (random.uniform(-22, 8) / 20)
    noise = random.standard_normal(len(sound)).astype(np.float32)
    noise = np.convolve(noise, [1, random.uniform(-0.9, 0.9)], "same").astype(np.float32)
    sound += noise * np.std(sound) * 10 ** (-random.uniform(18, 60) / 20)
    spectra = Spectra(rate).feed(sound)
    spectra = spectra + coloured(random)
    level, voice, powers = VoiceLevel(), [], power_of(spectra)
    for power in powers.tolist():
        level.step(power)
        voice.append(level.voice)
    inputs = seen(spectra, np.array(voice[BEFORE + AFTER :], np.float32))
    loud = powers[BEFORE:-AFTER] - voice[BEFORE + AFTER :] > LOUD_DB
    at = np.round(np.arange(BEFORE, BEFORE + len(inputs)) * rate / STEP_HZ).astype(int) - len(quiet)
    answers = np.where((at >= 0) & (at < len(labels)), labels[np.clip(at, 0, len(labels) - 1)], 0)
    sure = (answers > 0) | ~loud  # a pause that is loud is a phoneme told a little late
    return inputs[sure], answers[sure]


def teach(inputs: Floats, answers: NDArray[np.int64], random: np.random.Generator) -> list[Floats]:
    """Fit the network by Adam (Kingma and Ba, 2014) on the cross-entropy."""
    sizes = (inputs.shape[1], HIDDEN, len(VISEMES))
    layers: list[Floats] = []
    for i in range(2):
        scale = np.sqrt(2 / sizes[i])
        layers += [random.normal(0, scale, sizes[i : i + 2]).astype(np.float32),
                   np.zeros(sizes[i + 1], np.float32)]  # fmt: skip
    first, second = ([np.zeros_like(part) for part in layers] for _ in range(2))
    share = np.bincount(answers, minlength=len(VISEMES)) / len(answers)
    weight = (np.maximum(share, 1e-3) ** -0.4).astype(np.float32)
    weight *= np.array([SEEN.get(name, 1.0) for name in VISEMES], np.float32)
    step, batch = 0, 256
    total = EPOCHS * (len(inputs) // batch)
    for _ in range(EPOCHS):
        order = random.permutation(len(inputs))
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start : start + batch]
            x, target = inputs[chosen], answers[chosen]
            x = x + random.normal(0, 0.05, x.shape).astype(np.float32)
            hidden = np.maximum(x @ layers[0] + layers[1], 0)
            scores = hidden @ layers[2] + layers[3]
            likely = np.exp(scores - scores.max(1, keepdims=True))
            error = likely / likely.sum(1, keepdims=True)
            error[np.arange(batch), target] -= 1
            error *= weight[target][:, None] / batch
            back = (error @ layers[2].T) * (hidden > 0)
            slopes = [x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
            step += 1
            pace = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / total))
            for part, slope, m, v in zip(layers, slopes, first, second, strict=True):
                m += 0.1 * (slope - m)
                v += 0.001 * (slope**2 - v)
                part -= pace * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return layers


def main() -> None:
    """Speak, listen, learn, and say how well it went on clips that were kept apart."""
    random = np.random.default_rng(1)
    voice = PiperVoice.load(sys.argv[1], include_alignments=True)
    rate = voice.config.sample_rate
    clips = [spoken(voice, random) for _ in range(CLIPS)]
    kept = CLIPS // 10
    sets = []
    for part, times in ((clips[kept:], HEARINGS), (clips[:kept], 1)):
        pairs = [heard(*clip, rate, random) for clip in part for _ in range(times)]
        sets.append([np.concatenate(column) for column in zip(*pairs, strict=True)])
    (inputs, answers), (unseen, truth) = sets
    layers = teach(inputs, answers, random)
    scores = np.maximum(unseen @ layers[0] + layers[1], 0) @ layers[2] + layers[3]
    guess = scores.argmax(1)
    sys.stdout.write(
        f"{len(answers)} spectra; right on unseen clips: {np.mean(guess == truth):.1%}\n"
    )
    for i, name in enumerate(VISEMES):
        hits = guess[truth == i]
        worst = np.bincount(hits, minlength=len(VISEMES)).argsort()[::-1][:3]
        sys.stdout.write(f"{name:12s} {np.mean(hits == i):6.1%}  {[VISEMES[j] for j in worst]}\n")
    path = Path(__file__).parents[1] / "daemon/face/visemes.npz"
    names = ("w0", "b0", "w1", "b1")
    arrays = {name: part.astype(np.float16) for name, part in zip(names, layers, strict=True)}
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    main()
