"""Finding things in recordings, and making those that are played: pure functions of arrays.

All sound is mono at ``LISTEN_RATE`` unless said otherwise.
"""

import numpy as np

from daemon.media import LISTEN_RATE, Samples

AUDIBLE = 0.003  # of full scale, -50 dB: less is lost in the noise of any room
SPEECH_DB = -26.0  # of full scale: the nominal speech level of ITU-T P.56 measurements
EDGE_DB = -40.0  # of its peak: where a recorded word begins and ends
DECAY_S = 0.3  # until a furnished living room has died away by 60 dB
EARLY_S = 0.003  # between the direct sound and the first reflection: a metre of detour
REVERB_DB = -3.0  # of the direct sound: a loudspeaker at arm's length from the microphone


def span(samples: Samples, threshold: float = AUDIBLE) -> tuple[int, int] | None:
    """Return the first sample at or above ``threshold`` and one past the last, if there are any."""
    loud = np.flatnonzero(np.abs(samples) >= threshold)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else None


def trimmed(samples: Samples) -> Samples:
    """Cut a word to its sound, so that its first and last sample are its true onset and end."""
    edges = span(samples, float(np.abs(samples).max(initial=0)) * _ratio(EDGE_DB))
    return samples[edges[0] : edges[1]] if edges else samples


def levelled(samples: Samples, level_db: float = SPEECH_DB) -> Samples:
    """Bring sound to an RMS level, in dB of full scale, as far as its peaks allow."""
    rms = float(np.sqrt(np.mean(np.square(samples))))
    gain = min(_ratio(level_db) / rms, 0.9 / float(np.abs(samples).max()))
    return np.asarray(samples * gain, np.float32)


def locate(piece: Samples, recording: Samples) -> tuple[int, float]:
    """Return where ``piece`` begins in ``recording``, to the sample, and how like it that place is.

    The likeness is the normalised cross-correlation: 1 for the same sound at any level. Digital
    silence is like nothing.
    """
    size = 1 << (len(recording) + len(piece) - 1).bit_length()
    spectrum = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(piece, size))
    places = len(recording) - len(piece) + 1
    if places < 1:
        return 0, 0.0
    products = np.fft.irfft(spectrum, size)[:places]
    sums = np.concatenate(([0.0], np.cumsum(np.square(recording, dtype=np.float64))))
    wanted = float(np.sum(np.square(piece, dtype=np.float64)))
    if wanted == 0:
        return 0, 0.0
    energy = sums[len(piece) :] - sums[:places]
    # near-silence resembles anything; it must have a hundredth of the piece's energy to count
    likeness = products / np.sqrt(np.maximum(energy, wanted / 100) * wanted)
    best = int(np.argmax(likeness))
    return best, float(likeness[best])


def room_response(gain_db: float, delay_s: float, rng: np.random.Generator) -> Samples:
    """Return the impulse response from loudspeaker to microphone, its direct sound at ``delay_s``.

    Noise that decays by 60 dB in ``DECAY_S`` behind a direct sound: the statistical model of a
    room (J. Polack, 1988). Its energy is ``gain_db``.
    """
    times = np.arange(int(DECAY_S * LISTEN_RATE)) / LISTEN_RATE
    tail = rng.standard_normal(len(times)) * 10 ** (-3 * times / DECAY_S)
    tail[times < EARLY_S] = 0
    response = tail * _ratio(REVERB_DB) / np.sqrt(np.sum(np.square(tail)))
    response[0] = 1
    response *= _ratio(gain_db) / np.sqrt(np.sum(np.square(response)))
    delay = np.zeros(round(delay_s * LISTEN_RATE), np.float32)
    return np.concatenate((delay, response.astype(np.float32)))


def cough(rng: np.random.Generator) -> Samples:
    """Return a cough: a burst of noise between 300 Hz and 4 kHz and a weaker one behind it."""
    noise = rng.standard_normal(int(0.42 * LISTEN_RATE))
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / LISTEN_RATE)
    spectrum[(hertz < 300) | (hertz > 4000)] = 0
    times = np.arange(len(noise)) / LISTEN_RATE
    shape = _burst(times, 0.08) + 0.5 * _burst(times - 0.24, 0.05)
    return levelled(np.asarray(np.fft.irfft(spectrum, len(noise)) * shape, np.float32))


def _burst(times: "np.ndarray[tuple[int], np.dtype[np.float64]]", decay_s: float) -> Samples:
    """Return an envelope that rises within 10 ms of time 0 and decays."""
    rise = np.clip(times / 0.01, 0, 1)
    return np.asarray(rise * np.exp(-np.maximum(times, 0) / decay_s), np.float32)


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
