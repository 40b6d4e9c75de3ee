"""A sentence in a plain voice, to choose by."""

import numpy as np

from daemon.config import Settings
from daemon.config.state import with_values
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.languages import language
from daemon.media import Audio
from daemon.store.model_store import ModelStore
from daemon.voice.named import values_for
from daemon.voice.plain_factory import PlainFactory
from daemon.voice.plain_voices import PlainVoice
from daemon.worker import CancelToken


def sample(
    voice: PlainVoice, text: str, settings: Settings, store: ModelStore, cancel: CancelToken
) -> Audio:
    """Return ``text``, or the sample sentence of its language, as loud as it will speak.

    Loads what it needs and frees it again. Raises ``SetupError`` where the voice's files are not
    there, ``InputError`` where there is nothing to say.
    """
    if voice.weight:
        store.path(voice.weight)  # else something else would speak in its place
    wanted = with_values(settings, values_for(voice.name, settings, store))
    speaking = PlainFactory(wanted, store).every_language()
    try:
        speaking.expect(voice.language)
        said = text or language(voice.language).said.sample
        pieces = list(speaking.synthesize(said, cancel))
    finally:
        speaking.close()
    cancel.check()
    if not pieces:
        raise InputError(tr("There is nothing to say in this text"))
    return Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)
