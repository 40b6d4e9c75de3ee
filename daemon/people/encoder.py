"""Opens the network that tells voices apart."""

from typing import TYPE_CHECKING

from daemon.store.model_store import ModelStore

if TYPE_CHECKING:
    from daemon.ears.speaker_id import SpeakerEncoder


def open_encoder(store: ModelStore) -> "SpeakerEncoder":
    """Load it, which takes a third of a second; ``SetupError`` where it has to be fetched first."""
    from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder

    return SpeakerEncoder(store.path(WEIGHT) / FILE)
