"""Converted voices: WORLD, and so-vits-svc beside the package's own inference.

so-vits-svc's networks have their real sizes and random weights: speed does not depend on these.
"""

import importlib.util
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from daemon.audio.files import read_recording
from daemon.bench.figures import Row
from daemon.commands.console import err, out
from daemon.media import Audio
from daemon.voice.catalogue import ConvertedVoiceSettings, Voice
from daemon.voice.world import World, measure
from daemon.worker import Cancelled, CancelToken

AUDIO = Path(__file__).parent.parent / "audio"
RUNS = 3
KINDS = {"4.0 v1": "so-vits-svc-4.0v1", "QuickVC": "quickvc"}
GOALS = {"4.0 v1": 0.35, "QuickVC": 0.2}


def rows() -> list[Row]:
    """Measure all kinds; so-vits-svc only where its extra is installed."""
    speech = read_recording(AUDIO / "jfk.flac", 60, rate=None)
    found = world(speech)
    if importlib.util.find_spec("so_vits_svc_fork") is None:
        return [*found, Row("voice: so-vits-svc", "skipped: make setup EXTRAS=sovits")]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        content = write_content(place / "content")
        for name, template in KINDS.items():
            found += sovits(name, write_model(place / template, template), content, speech)
    return found


def world(speech: Audio) -> list[Row]:
    """A WORLD voice that knows its source, as in a conversation."""
    page = read_recording(AUDIO / "lj-page.ogg", 60, rate=None)
    target, source = measure([page], CancelToken()), measure([speech], CancelToken())
    converter = World(target, [source])
    factor = timed(lambda: converter.convert(speech, CancelToken())) / speech.seconds
    return [Row("voice, WORLD", f"real-time factor {factor:.2f}", "≤ 0.25")]


def sovits(name: str, model: Path, content: Path, speech: Audio) -> list[Row]:
    """A model through our conversion, and through the package's."""
    from daemon.voice.sovits import SoVits

    settings = ConvertedVoiceSettings(kind="sovits", consent="")
    begin = time.perf_counter()
    converter = SoVits(Voice(name, model, settings), content)
    converter.warm_up()
    took = time.perf_counter() - begin
    factor = timed(lambda: converter.convert(speech, CancelToken())) / speech.seconds
    # Clauses differ in length, and a new length costs more than one that was had.
    lengths = iter(range(90, 110))
    clause = statistics.median(
        once(lambda: converter.convert(part(speech, next(lengths) / 100), CancelToken()))
        for _ in range(7)
    )
    title = f"voice, so-vits-svc {name}"
    return [
        Row(f"{title}: load and warm up, once", f"{took:.1f} s"),
        Row(
            f"{title}: {speech.seconds:.0f} s", f"real-time factor {factor:.2f}", f"≤ {GOALS[name]}"
        ),
        Row(f"{title}: the package's own", packages_own(model, content, speech)),
        Row(f"{title}: a clause of a second", f"{clause:.2f} s", "≤ 0.5 s"),
        Row(f"{title}: cancelled", f"{cancelled(converter, speech):.2f} s at worst", "≤ 0.2 s"),
    ]


def packages_own(model: Path, content: Path, speech: Audio) -> str:
    """What ``svc infer`` does with the same sound, once its models are loaded."""
    from daemon.voice.sovits_files import load_content, read_config
    from daemon.voice.sovits_package import load, quietly

    utils, core = load("utils"), load("inference.core")
    usual, config = utils.get_hubert_model, read_config(model / "config.json")
    utils.get_hubert_model = lambda *_: load_content(content, config)
    try:
        with quietly():
            package = core.Svc(
                net_g_path=model / "G_0.pth", config_path=model / "config.json", device="cpu"
            )
            sound = speech.at_rate(package.target_sample).samples
            took = timed(lambda: package.infer_silence(sound, speaker="somebody"), runs=2)
    finally:
        utils.get_hubert_model = usual
    return f"real-time factor {took / speech.seconds:.2f}"


def cancelled(converter: Any, speech: Audio) -> float:
    """Return the longest that a conversion went on after it was cancelled."""
    import threading

    longest = 0.0
    for after_s in np.linspace(0.05, 2.0, 8):
        cancel, at = CancelToken(), [0.0]

        def stop(cancel: CancelToken = cancel, at: list[float] = at) -> None:
            at[0] = time.perf_counter()
            cancel.cancel()

        timer = threading.Timer(float(after_s), stop)
        timer.start()
        try:
            converter.convert(speech, cancel)
        except Cancelled:
            longest = max(longest, time.perf_counter() - at[0])
        timer.join()
    return longest


def part(speech: Audio, seconds: float) -> Audio:
    """Return so much of the middle of ``speech``."""
    begin = len(speech.samples) // 3
    return Audio(speech.samples[begin : begin + round(seconds * speech.rate)], speech.rate)


def once(work: Callable[[], object]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def timed(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median of several calls."""
    return statistics.median(once(work) for _ in range(runs))


def write_model(folder: Path, template: str) -> Path:
    """Write a model of the package's own sizes."""
    import torch

    from daemon.voice.sovits_package import load, quietly

    folder.mkdir()
    templates = Path(load("preprocessing").__file__).parent / "config_templates"
    config = json.loads((templates / f"{template}.json").read_text("utf-8"))
    config["spk"] = {"somebody": 0}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    data = config["data"]
    with quietly():
        network = load("modules.synthesizers").SynthesizerTrn(
            data["filter_length"] // 2 + 1,
            config["train"]["segment_size"] // data["hop_length"],
            **config["model"],
        )
    held = {"model": network.state_dict(), "iteration": 0, "optimizer": None, "learning_rate": 0.0}
    torch.save(held, folder / "G_0.pth")
    return folder


def write_content(folder: Path) -> Path:
    """Write a ContentVec of its real size."""
    from transformers import HubertConfig

    from daemon.voice.sovits_package import load

    HubertConfig()  # its defaults are the base model's, which ContentVec is
    model = load("utils").HubertModelWithFinalProj(HubertConfig())
    model.save_pretrained(folder, safe_serialization=False)
    return folder


if __name__ == "__main__":
    from daemon.bench.figures import table

    with err.status("Measuring converted voices…"):
        measured = rows()
    out.print(table(measured))
