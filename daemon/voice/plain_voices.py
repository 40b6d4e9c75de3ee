"""Which plain voices there are, by their own names: Kokoro's 54, Piper's, and others.

A plain voice speaks a text; a converted one (``catalogue.py``) makes that sound
like somebody else.
"""

import difflib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.errors import SetupError, one_line
from daemon.i18n import tr
from daemon.languages import codes, language
from daemon.store.model_store import ModelStore, WeightState

Engine = Literal["kokoro", "piper", "fastspeech2", "espeak"]
Sex = Literal["female", "male", ""]

KOKORO = "kokoro"  # the weight with all of its voices
ESPEAK = "espeak"
MAX_TOLD = 100  # characters of a name that there is not

# Of each language the first speaks unless another is chosen. For English, Japanese, Hindi and
# Italian it has the best or second best of the makers' own grades (VOICES.md of Kokoro-82M).
KOKORO_VOICES = (
    *("af_heart", "af_alloy", "af_aoede", "af_bella", "af_jessica", "af_kore", "af_nicole"),
    *("af_nova", "af_river", "af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir"),
    *("am_liam", "am_michael", "am_onyx", "am_puck", "am_santa", "bf_alice", "bf_emma"),
    *("bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis"),
    *("zf_xiaoxiao", "zf_xiaobei", "zf_xiaoni", "zf_xiaoyi"),
    *("zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang"),
    *("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"),
    *("ef_dora", "em_alex", "em_santa", "ff_siwis", "hf_alpha", "hf_beta", "hm_omega", "hm_psi"),
    *("if_sara", "im_nicola", "pf_dora", "pm_alex", "pm_santa"),
)
_SEXES: dict[str, Sex] = {"f": "female", "m": "male"}


@dataclass(frozen=True, slots=True)
class PlainVoice:
    """A voice that a text can be spoken in."""

    name: str
    """Its own: ``af_heart``, ``piper-joe``, or a path."""
    engine: Engine
    language: str
    """ISO 639-1."""
    sex: Sex
    weight: str
    """What has to be fetched for it; "" for a file of the user's own, and for espeak-ng."""
    licence: str
    restriction: str = ""
    """What the licence does not allow."""


def kokoro_language(name: str) -> str:
    """Return the language of a Kokoro voice, which its first letter tells."""
    return next(code for code in codes() if name[0] in language(code).voices.kokoro)


def plain_voices(store: ModelStore) -> list[PlainVoice]:
    """Return all that are known, there or not: the first of each language first, then by engine."""
    known = store.manifest.weights
    found: list[PlainVoice] = []
    if KOKORO in known:
        licence = known[KOKORO].licence
        found += [
            PlainVoice(name, "kokoro", kokoro_language(name), _SEXES[name[1]], KOKORO, licence)
            for name in KOKORO_VOICES
        ]
    for weight in known.values():
        if weight.voice:
            files = {file.name for file in weight.files}
            engine: Engine = "piper" if "voice.onnx" in files else "fastspeech2"
            found.append(
                PlainVoice(
                    weight.name,
                    engine,
                    weight.voice.language,
                    weight.voice.sex,
                    weight.name,
                    weight.licence,
                    str(weight.restriction or ""),
                )
            )
    found.append(PlainVoice(ESPEAK, "espeak", "zh", "", "", "GPL-3.0-or-later"))
    return found


def find_plain(name: str, store: ModelStore) -> PlainVoice:
    """Return a voice by its name or path; ``SetupError`` names the nearest where there is none."""
    if name.endswith(".onnx"):
        return _of_file(Path(name))
    known = {voice.name: voice for voice in plain_voices(store)}
    if name in known:
        return known[name]
    raise no_such_voice(name, list(known))


def no_such_voice(name: str, known: Sequence[str]) -> SetupError:
    """Return what is to be raised for a name that no voice has: with the closest there are."""
    near = difflib.get_close_matches(name, known, 3, 0.5)
    told = one_line(name, MAX_TOLD)
    message = tr("There is no voice called “{name}”.").format(name=told)
    if not near:
        return SetupError(message, "digital-life voices list")
    return SetupError(message, tr("Did you mean {names}?").format(names=", ".join(near)))


def is_there(voice: PlainVoice, store: ModelStore) -> bool:
    """Whether the files of a voice are there and right, and what reads its language."""
    if voice.engine == "kokoro" and not _can_read(voice.language):
        return False
    if not voice.weight:
        return voice.engine != "piper" or Path(voice.name).is_file()
    return store.status(voice.weight).state is WeightState.READY


def _can_read(code: str) -> bool:
    """Whether Kokoro's sounds can be made of texts in a language: Japanese wants an extra."""
    return code != "ja" or importlib.util.find_spec("pyopenjtalk") is not None


def _of_file(path: Path) -> PlainVoice:
    """Return a Piper voice of the user's own; its language is that of espeak-ng's voice in it."""
    try:
        path = path.expanduser()
        is_there = path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long a name; nobody's home
        is_there = False
    if not is_there:
        told = one_line(str(path), MAX_TOLD)
        raise SetupError(tr("{path} does not exist.").format(path=told))
    try:
        config = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
        spoken = str(config["espeak"]["voice"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            tr("The Piper voice {path} cannot be read: {reason}").format(path=path, reason=error)
        ) from error
    names = {language(code).voices.espeak: code for code in codes()}
    code = names.get(spoken) or names.get(spoken.split("-")[0]) or spoken.split("-")[0]
    return PlainVoice(str(path), "piper", "zh" if code == "cmn" else code, "", "", "?")
