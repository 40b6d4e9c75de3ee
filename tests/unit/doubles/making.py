"""Doubles for tests, as the commands would have made them."""

from pathlib import Path

import numpy as np

from daemon.config import Settings
from daemon.doubles.store import Double, Source, begin_double, find_double, note_sources
from daemon.expression import Attitude
from daemon.face.catalogue import ClipEntry, add_clip, own_face
from daemon.face.clip import ClipWriter, FaceTrack
from daemon.voice import envelopes
from daemon.voice.catalogue import TIMBRE, ConvertedVoiceSettings, write_settings
from daemon.voice.world import Timbre
from tests.faces import POINTS, skin

CONSENT = "I am Zzyxa."


def homes(tmp_path: Path) -> dict[str, str]:
    """Return the folders of the XDG specification, all below ``tmp_path``."""
    names = ("DATA", "CONFIG", "CACHE", "STATE")
    return {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in names} | {
        "XDG_RUNTIME_DIR": str(tmp_path / "runtime")
    }


def begun(name: str = "Zzyxa") -> Double:
    return begin_double(name, CONSENT, Settings())


def give_voice(double: Double) -> Double:
    """Give it a voice that is no person's."""
    folder = double.folder / "voice"
    folder.mkdir()
    bands = envelopes.BANDS
    Timbre(5.0, 0.1, np.zeros(bands), np.eye(bands), 8000.0).save(folder / TIMBRE)
    write_settings(folder, ConvertedVoiceSettings(kind="world", consent="2026-01-01"))
    return note_sources(double, "voice", [Source(part="voice", name="me.wav", sha256="ab" * 32)])


def give_face(double: Double) -> Double:
    """Give it the face that the tests draw, as a film of three pictures."""
    face = own_face(double.name)
    place = face.directory / "0123456789abcdef"
    writer = ClipWriter(place, 25)
    for _ in range(3):
        writer.add(skin())
    boxes = np.tile(np.array([70, 60, 250, 270], np.float32), (3, 1))
    writer.finish(FaceTrack(np.tile(POINTS, (3, 1, 1)), boxes, [(0, 3)]))
    writer.close()
    add_clip(face, ClipEntry(place, "me.mp4", Attitude.SPEAKING))
    return note_sources(double, "face", [Source(part="face", name="me.mp4", sha256="cd" * 32)])


def whole(name: str = "Zzyxa") -> Double:
    """Return a double with a voice and a face."""
    give_face(give_voice(begun(name)))
    return find_double(name)
