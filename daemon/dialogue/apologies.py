"""What is said when a stage has failed: spoken at start, so that it needs no model then."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from daemon.dialogue.turn import Apology
from daemon.languages import language
from daemon.media import SPEAK_RATE, Samples
from daemon.stages import Synthesizer
from daemon.worker import CancelToken, Worker

if TYPE_CHECKING:
    from daemon.dialogue.session import Session


async def make_apologies(
    voice: Synthesizer, speaking: Worker, languages: Sequence[str] = ()
) -> dict[str, Samples]:
    """Speak the apologies, at ``SPEAK_RATE``; one that no voice can speak is left out.

    English and Chinese ones are made in any case: people change between them.
    """

    def speak(cancel: CancelToken) -> dict[str, Samples]:
        spoken = {}
        for code in dict.fromkeys((*languages, "en", "zh")):
            if pieces := list(voice.synthesize(language(code).said.apology, cancel)):
                samples = [piece.at_rate(SPEAK_RATE).samples for piece in pieces]
                spoken[code] = np.concatenate(samples)
        return spoken

    return await speaking.run(speak)


async def prepare_apologies(session: "Session") -> None:
    """Speak them into memory for a session that listens already: no question waits for them."""
    voice, speaking = session.parts.synthesizer, session.parts.speaking
    spoken = await make_apologies(voice, speaking, session.parts.history.languages)
    if session.parts.synthesizer is voice:  # else another voice has spoken its own meanwhile
        session.apologies = spoken


def apology_in(code: str, spoken: dict[str, Samples]) -> Apology:
    """Return the apology in a language; silence where no voice here speaks it."""
    silence: Samples = np.zeros(0, np.float32)
    return Apology(language(code).said.apology, spoken.get(code, silence))
