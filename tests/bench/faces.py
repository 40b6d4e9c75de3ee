"""The user's own face: the generator beside the original's way, and the whole path to a picture.

The weights are random, in the official layout: speed does not depend on what they are.
"""

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.audio.files import read_recording
from daemon.bench.figures import Row
from daemon.expression import Attitude
from daemon.face.clip import Clip, ClipWriter, FaceTrack, cut_out
from daemon.face.compositor import Compositor, mask_of, region, seam
from daemon.face.engine import Precision, supports_bf16
from daemon.face.filmed import FilmedFace, MouthRenderer, PictureSource, picture_source
from daemon.face.footage import View
from daemon.face.own_face_factory import warped_mouths
from daemon.face.painted import PaintedMouths
from daemon.face.shapes import OPEN, PARAMETERS, TEETH
from daemon.face.wav2lip import Wav2Lip
from daemon.face.wav2lip_layouts import LAYOUTS
from daemon.media import Audio
from daemon.worker import CancelToken
from tests.checkpoints import tensors
from tests.faces import POINTS
from tests.films import portrait

Floats = NDArray[np.float32]

SIZE = (1280, 720)
SCALE = 720 / 320  # of the portrait, so that it fills the picture's height
SECONDS, FPS = 30, 25
BATCH_OF_ORIGINAL, BATCH = 16, 4
TURNS, TURN_S = 5, 1.5  # each way is measured so often, by turns, for so long
LIGHT = np.array([8, -5, 4], np.float32)  # by which a generator's colours are wrong
AUDIO = Path(__file__).parent.parent / "audio"


def rows() -> list[Row]:
    """Measure; without torch and OpenVINO only what needs neither."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clip = _clip(place / "clip")
        found = [*_memory(place / "clip"), *_seams(clip), *_path("lips bent", clip, warped_mouths)]
        if (
            importlib.util.find_spec("torch") is None
            or importlib.util.find_spec("openvino") is None
        ):
            return [*found, Row("own face: Wav2Lip", "skipped: make setup EXTRAS=wav2lip")]
        return [*found, *_generators(place), *_larger(place), *_paths(place, clip)]


def _clip(folder: Path) -> Clip:
    """Make half a minute of a 720p film: the portrait, swaying."""
    writer = ClipWriter(folder, FPS)
    large = cv2.resize(portrait(), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, 0, 0, 280, 280, cv2.BORDER_REPLICATE)
    points, boxes = [], []
    for number in range(SECONDS * FPS):
        x = 12 * np.sin(number / 20)
        shift = np.array([[1, 0, x], [0, 1, 0]], np.float32)
        moved = cv2.warpAffine(wide, shift, SIZE, borderMode=cv2.BORDER_REPLICATE)
        writer.add(np.asarray(moved, np.uint8))
        places = (POINTS - [160, 160]) * 0.55 * SCALE + [640 + x, 300]
        points.append(places)
        boxes.append([*places.min(0), *places.max(0)])
    writer.finish(
        FaceTrack(np.array(points, np.float32), np.array(boxes, np.float32), [(0, SECONDS * FPS)])
    )
    return Clip(folder)


def _memory(folder: Path) -> list[Row]:
    """How much a process grows while it shows every picture of the clip."""
    before = _resident()
    clip = Clip(folder)
    for number in range(len(clip)):
        clip.picture(number)
        clip.face(number)
    grown = _resident() - before
    return [Row("own face: memory of 30 s in 720p", f"{grown:.0f} MB", "< 300 MB", grown < 300)]


def _resident() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _seams(clip: Clip) -> list[Row]:
    """What is seen of the paint if a generator paints the true mouth, in a slightly wrong light.

    The true mouth is the clip's own, bent open; told is the gradient across the mask's edge.
    """
    pictures = picture_source([(clip, Attitude.SPEAKING)], FPS)
    lips, wide = warped_mouths(FPS, pictures), np.zeros(PARAMETERS, np.float32)
    wide[OPEN], wide[TEETH] = 0.6, 0.8
    found = []
    for layout in LAYOUTS:
        edges = []
        for number in range(0, len(clip), 25):
            places = clip.points[number], clip, number
            true = View(clip.picture(number), *places)
            lips.paint(true, number, wide)
            view = View(clip.picture(number), *places)
            face = cut_out(true.image, clip.boxes[number], layout.side) + LIGHT
            paint = np.clip(face, 0, 255).astype(np.uint8)
            Compositor().paste(view, paint, clip.boxes[number], clip.points[number], 1.0)
            part = region(view)
            mask = mask_of(view, part)
            edges.append(seam(view.image, part, mask) / seam(true.image, part, mask))
        side, most = layout.side, max(edges)
        found.append(Row(f"own face: seam, {side} px", f"×{most:.2f}", "≤ ×1.2", most <= 1.2))
    return found


def _larger(place: Path) -> list[Row]:
    """How quick the larger generators are."""
    import torch

    from daemon.face.wav2lip_network import Generator

    found = []
    for layout in LAYOUTS[1:]:
        path = place / f"wav2lip{layout.side}.pth"
        torch.save(Generator(layout).state_dict(), path)
        generator = Wav2Lip.load(path, engines=place / "engines", lower=True)
        rate = _rate(generator.generate, 1, layout.side)
        found.append(Row(f"own face: faces of {layout.side} px", f"{rate:.1f} faces/s"))
        path.unlink()
    return found


def _generators(place: Path) -> list[Row]:
    """Measure all ways by turns, so that whatever else the machine does hits all alike."""
    import torch

    from daemon.face.wav2lip_network import load_checkpoint, on_torch

    path = place / "wav2lip.pth"
    torch.save({"state_dict": tensors("wav2lip")}, path)
    kinds = ("f32", "bf16") if supports_bf16() else ("f32",)
    engines = place / "engines"
    ways: dict[str, tuple[Callable[..., object], int]] = {
        "original": (on_torch(load_checkpoint(path), "cpu", "f32"), BATCH_OF_ORIGINAL)
    }
    for kind in kinds:
        precision: Precision = "f32" if kind == "f32" else "bf16"
        for lower in (False, True):
            generator = Wav2Lip.load(path, precision=precision, engines=engines, lower=lower)
            ways[f"{kind}, lower face" if lower else kind] = generator.generate, BATCH
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, (run, batch) in ways.items():
            rates[name].append(_rate(run, batch))
    original = statistics.median(rates["original"])
    found = [Row("own face: the original's way (PyTorch, float32, 16)", f"{original:.0f} faces/s")]
    goals = {"f32": (25, 1), "bf16": (100, 5)}
    for kind in kinds:
        rate = statistics.median(rates[kind])
        text = f"{rate:.0f} faces/s, ×{rate / original:.1f}"
        least, times = goals[kind]
        met = rate >= least and rate >= times * original
        goal = f"≥ {least}, ×{times}"
        found.append(Row(f"own face: generator, {kind}, batches of {BATCH}", text, goal, met))
        rate = statistics.median(rates[f"{kind}, lower face"])
        text = f"{rate:.0f} faces/s, ×{rate / original:.1f}"
        found.append(Row(f"own face: what is seen of them, {kind}", text))
    return found


def _rate(run: Callable[..., object], batch: int, side: int = 96) -> float:
    rng = np.random.default_rng(1)
    mel = rng.normal(0, 1, (batch, 1, 80, 16)).astype(np.float32)
    faces = rng.uniform(0, 1, (batch, 6, side, side)).astype(np.float32)
    run(mel, faces)
    begin, count = time.perf_counter(), 0
    while (took := time.perf_counter() - begin) < TURN_S:
        run(mel, faces)
        count += batch
    return count / took


def _paths(place: Path, clip: Clip) -> list[Row]:
    found = []
    for kind in ("f32", "bf16") if supports_bf16() else ("f32",):
        generator = Wav2Lip.load(
            place / "wav2lip.pth",
            precision="f32" if kind == "f32" else "bf16",
            threads=1,
            engines=place / "engines",
            lower=True,
        )
        counted = _Counted(generator)

        def make(fps: int, pictures: PictureSource, counted: _Counted = counted) -> MouthRenderer:
            return PaintedMouths(Wav2Lip(counted, "counted"), pictures, fps)

        found += _path(f"Wav2Lip {kind}", clip, make, counted)
    return found


class _Counted:
    """A generator that counts its faces, for those between may be mixed."""

    def __init__(self, generator: Wav2Lip) -> None:
        self.faces = 0
        self._generator = generator

    def __call__(self, mel: Floats, faces: Floats) -> Floats:
        self.faces += len(mel)
        return self._generator.generate(mel, faces)


def _path(
    name: str,
    clip: Clip,
    make: Callable[[int, PictureSource], MouthRenderer],
    counted: _Counted | None = None,
) -> list[Row]:
    """Sound to picture, on one thread: frames a second of processor, and the first mouth."""
    pictures = picture_source([(clip, Attitude.SPEAKING)], FPS)
    face = FilmedFace(pictures, make(FPS, pictures), FPS, SIZE)
    face.warm_up()
    speech = _speech()
    firsts = []
    for _ in range(TURNS):
        face.begin()
        begin = time.perf_counter()
        next(iter(face.render(Audio(speech.samples[: speech.rate], speech.rate), CancelToken())))
        firsts.append(time.perf_counter() - begin)
    face.begin()
    painted = counted.faces if counted else 0
    begin, tick = time.process_time(), 0
    for mouth in face.render(speech, CancelToken()):
        face.picture(tick, mouth)
        tick += 1
    rate = tick / (time.process_time() - begin)
    text = f"{rate:.0f} a second of processor"
    if counted:
        text += f", {(counted.faces - painted) / tick:.0%} painted, the others mixed"
    first = statistics.median(firsts)
    return [
        Row(f"own face: sound to 720p picture, {name}", text, "≥ 25", rate >= 25),
        Row(f"own face: first mouth, {name}", f"{first * 1000:.0f} ms", "≤ 60 ms", first <= 0.06),
    ]


def _speech() -> Audio:
    """Return speech that begins at once and goes on for some seconds."""
    recorded = read_recording(AUDIO / "question-en.wav", 60)
    loud = np.flatnonzero(np.abs(recorded.samples) > 0.02)
    return Audio(np.tile(recorded.samples[loud[0] : loud[-1]], 3), recorded.rate)
