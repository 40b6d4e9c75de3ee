"""What is said when a stage has failed: spoken at start, so that it needs no model then."""

from typing import TYPE_CHECKING

import numpy as np

from daemon.dialogue.turn import Apology
from daemon.media import SPEAK_RATE, Samples
from daemon.stages import Synthesizer
from daemon.worker import CancelToken, Worker

if TYPE_CHECKING:
    from daemon.dialogue.session import Session

APOLOGIES = {
    "en": "Sorry, something went wrong. Please say that again.",
    "zh": "对不起，出了点问题，请再说一遍。",
}


async def make_apologies(voice: Synthesizer, speaking: Worker) -> dict[str, Samples]:
    """Speak the apologies, at ``SPEAK_RATE``; one that no voice can speak is left out."""

    def speak(cancel: CancelToken) -> dict[str, Samples]:
        spoken = {}
        for language, text in APOLOGIES.items():
            if pieces := list(voice.synthesize(text, cancel)):
                samples = [piece.at_rate(SPEAK_RATE).samples for piece in pieces]
                spoken[language] = np.concatenate(samples)
        return spoken

    return await speaking.run(speak)


async def prepare_apologies(session: "Session") -> None:
    """Speak them into memory for a session that listens already: no question waits for them."""
    voice, speaking = session.parts.synthesizer, session.parts.speaking
    spoken = await make_apologies(voice, speaking)
    if session.parts.synthesizer is voice:  # else another voice has spoken its own meanwhile
        session.apologies = spoken


def apology_in(language: str, spoken: dict[str, Samples]) -> Apology:
    """Return the apology in a language; silence where no voice here speaks it."""
    silence: Samples = np.zeros(0, np.float32)
    return Apology(APOLOGIES.get(language, ""), spoken.get(language, silence))
