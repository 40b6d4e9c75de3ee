"""Checks of graphics cards: which there are, and which parts would compute on one."""

from collections.abc import Iterator

from daemon.config import Settings
from daemon.graphics import PROCESSOR, GraphicsCard, graphics_cards, torch_device
from daemon.i18n import tr
from daemon.service.finding import Finding, Severity, ok

GUIDE = "docs/gpu.md"


def graphics(settings: Settings) -> Iterator[Finding]:
    """Tell what there is; nothing needs a card, but the brain is much quicker on one."""
    cards = graphics_cards()
    if not cards:
        yield ok("graphics", tr("none, and none is needed"))
        return
    for card in cards:
        if not card.driver:
            yield Finding(
                "graphics",
                Severity.NOTE,
                tr("{card} has no driver.").format(card=card.name),
                tr("No part can use it; the processor does the work."),
                GUIDE,
            )
    if not any(card.driver for card in cards):
        return
    yield from _used(settings, cards)


def _used(settings: Settings, cards: list[GraphicsCard]) -> Iterator[Finding]:
    names = ", ".join(card.name for card in cards if card.driver)
    places = devices()
    told = ", ".join(f"{part}: {device}" for part, device in places.items())
    local = settings.brain.kind in ("auto", "llamacpp")
    if local and settings.brain.gpu_layers and places["brain"] == PROCESSOR:
        yield Finding(
            "graphics",
            Severity.NOTE,
            f"{names}; {told}",
            tr("The language model would be quicker with an engine that is built for this card."),
            GUIDE,
        )
    else:
        yield ok("graphics", f"{names}; {told}")


def devices() -> dict[str, str]:
    """Return where each part would compute, by the section of its settings.

    Whether it also works there is only known once its model is loaded; ``bench live`` tells.
    """
    import ctranslate2
    import onnxruntime

    from daemon.brain.llama_cards import llamacpp_cards
    from daemon.face.own_face_factory import painting_device
    from daemon.voice.piper_network import CUDA

    torch_place = "CUDA" if torch_device() == "cuda" else PROCESSOR
    return {
        "ears": "CUDA" if ctranslate2.get_cuda_device_count() else PROCESSOR,
        "brain": ", ".join(card.name for card in llamacpp_cards()) or PROCESSOR,
        "voice": "CUDA" if CUDA in onnxruntime.get_available_providers() else PROCESSOR,
        "voice.name": torch_place,
        "face": {"cuda": "CUDA", "intel": "Intel"}.get(painting_device(), PROCESSOR),
    }


CHECKS = (graphics,)
