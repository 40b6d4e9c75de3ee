"""Makes faces: drawn ones, and a user's own of its clips and of whatever moves mouths here."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import FaceSettings
from daemon.errors import DigitalLifeError, SetupError
from daemon.expression import Attitude
from daemon.face.background import Backdrop, Background, calm, read_background
from daemon.face.catalogue import DRAWN, Face, NoFace, find_face
from daemon.face.clip import Clip
from daemon.face.detection import Detector
from daemon.face.engine import intel_graphics
from daemon.face.filmed import (
    FilmedFace,
    MouthRenderer,
    PictureSource,
    WarpedMouths,
    is_photograph,
    picture_source,
)
from daemon.face.person import PersonFinder
from daemon.face.portrait import Portrait
from daemon.face.prepare import FaceFinder
from daemon.graphics import graphics_cards, torch_device
from daemon.i18n import tr
from daemon.media import Image
from daemon.stages import LipSync
from daemon.store.model_store import ModelStore

if TYPE_CHECKING:
    from daemon.face.wav2lip import Device

WEIGHTS = ("wav2lip-gan", "wav2lip-gan-torchscript", "wav2lip")  # the best first
PERSON = "selfie-segmentation"
AUTO, BENT = "auto", "bent"
CHECKPOINTS = (".pth", ".pt", ".safetensors")

log = logging.getLogger(__name__)


def make_face(settings: FaceSettings, store: ModelStore) -> LipSync:
    """Make the face that is set: a drawn one, or the user's own.

    Raises as ``own_face`` and ``read_background``.
    """
    size = settings.width, settings.height
    return _made(settings, store, read_background(settings.background, size))


def _made(settings: FaceSettings, store: ModelStore, background: Background | None) -> LipSync:
    face, size = find_face(settings.name), (settings.width, settings.height)
    if face.clips:
        return own_face(face, settings.lips, settings.fps, size, store, background)
    return Portrait(face.directory, settings.fps, size, background)


def face_or_drawn(settings: FaceSettings, store: ModelStore) -> LipSync:
    """Make the face that is set; where it has gone or is damaged, the drawn one, and say so.

    Instead of a background that cannot be shown there is a plain one: what is behind a person may
    be what nobody was to see.
    """
    size = settings.width, settings.height
    try:
        background = read_background(settings.background, size)
    except DigitalLifeError as error:
        log.warning("%s %s %s", error, error.fix, tr("A plain background is shown."))
        background = calm(size)
    try:
        return _made(settings, store, background)
    except NoFace as error:
        if settings.name == DRAWN:
            raise
        log.warning(
            "The face %s cannot be used: %s (%s) The drawn face is shown.",
            settings.name, error, error.fix,
        )  # fmt: skip
        return _made(settings.model_copy(update={"name": DRAWN}), store, background)


def own_face(
    face: Face,
    lips: str,
    fps: int,
    size: tuple[int, int],
    store: ModelStore,
    background: Background | None = None,
) -> FilmedFace:
    """Make a ``LipSync`` of a face that has clips; ``lips`` is the setting ``face.lips``.

    Raises ``NoFace`` when a clip is damaged, or the person in it cannot be told from what is
    behind; ``SetupError`` when what is asked for is not there. With ``auto`` whatever is wrong with
    Wav2Lip is logged, and the face speaks without it.
    """
    clips = [(Clip(clip.folder), clip.use) for clip in face.clips]
    if background is None:
        pictures = picture_source(clips, fps)
    else:
        matte_of = _matte_of(face, clips, store)
        pictures = picture_source(clips, fps, Backdrop(background, size), matte_of)
    mouths = _mouths(lips, pictures, fps, store)
    return FilmedFace(pictures, mouths, fps, size, face.statement, background)


def _matte_of(
    face: Face, clips: list[tuple[Clip, Attitude]], store: ModelStore
) -> Callable[[Image], Image] | None:
    """Return what finds the person in a photograph; ``NoFace`` where nobody is found in a clip."""
    if is_photograph(clips):
        try:
            return person_finder(store).matte
        except SetupError as error:
            raise NoFace(str(error), error.fix) from error
    for entry, (clip, _) in zip(face.clips, clips, strict=True):
        if clip.mattes is None:
            raise NoFace(
                tr("The person in {source} has not been separated from the background yet.").format(
                    source=entry.source
                ),
                f"digital-life faces add {entry.source} --name {face.name} --state {entry.use}",
            )
    return None


def _mouths(lips: str, pictures: PictureSource, fps: int, store: ModelStore) -> MouthRenderer:
    if lips == BENT:
        return warped_mouths(fps, pictures)
    if lips != AUTO:
        return _painted(checkpoint(lips, store), pictures, fps)
    there = [name for name in WEIGHTS if not store.status(name).missing]
    if not there:
        log.info("%s %s", tr("Wav2Lip would move the lips better:"), pull_command())
        return warped_mouths(fps, pictures)
    try:
        return _painted(checkpoint(there[0], store), pictures, fps)
    except DigitalLifeError as error:
        log.warning("%s %s %s", error, error.fix, tr("The picture's own lips are moved instead."))
        return warped_mouths(fps, pictures)


def pull_command() -> str:
    """Return what fetches Wav2Lip."""
    return "digital-life models pull wav2lip-gan --accept-license"


def checkpoint(lips: str, store: ModelStore) -> Path:
    """Return the file of a Wav2Lip weight, or of a path; ``SetupError`` when it is not there."""
    if lips.endswith(CHECKPOINTS):
        path = Path(lips).expanduser()
        if not path.is_file():
            raise SetupError(tr("There is no file {path}").format(path=path), pull_command())
        return path
    if lips not in WEIGHTS:
        raise SetupError(
            tr("face.lips = “{lips}” is neither a weight of Wav2Lip nor a checkpoint.").format(
                lips=lips
            ),
            tr("known here: {names}").format(names=", ".join((AUTO, BENT, *WEIGHTS))),
        )
    return store.path(lips) / store.manifest.weight(lips).files[0].name


def warped_mouths(fps: int, _pictures: PictureSource) -> MouthRenderer:
    """Make mouths of the pictures' own lips."""
    return WarpedMouths(find_face(DRAWN).directory, fps)


def _painted(path: Path, pictures: PictureSource, fps: int) -> MouthRenderer:
    from daemon.face.painted import PaintedMouths
    from daemon.face.wav2lip import Wav2Lip

    threads = max(1, (os.cpu_count() or 2) // 2)  # the other half speaks meanwhile
    generator = Wav2Lip.load(path, painting_device(), threads=threads, lower=True)
    return PaintedMouths(generator, pictures, fps)


def painting_device() -> "Device":
    """Choose a graphics card where there is one that PyTorch or OpenVINO can use."""
    if torch_device() == "cuda":
        return "cuda"
    intel = any(card.vendor == "intel" and card.driver for card in graphics_cards())
    return "intel" if intel and intel_graphics() else "cpu"


def person_finder(store: ModelStore) -> PersonFinder:
    """Make what tells a person from the background; ``SetupError`` without its weights."""
    return PersonFinder(store.path(PERSON) / "selfie_segmentation.tflite")


def face_detectors(store: ModelStore) -> tuple[Detector, FaceFinder | None]:
    """Make what finds faces: the quick detector, and S3FD where its weights and OpenVINO are."""
    quick = Detector(
        store.path("blazeface") / "face_detection_short_range.tflite",
        store.path("face-mesh") / "face_landmark.tflite",
    )
    if store.status("s3fd").missing:
        return quick, None
    from daemon.face.s3fd import S3FD

    try:
        return quick, S3FD(store.path("s3fd") / "s3fd.pth")
    except DigitalLifeError as error:
        log.warning("%s %s", error, error.fix)
        return quick, None
