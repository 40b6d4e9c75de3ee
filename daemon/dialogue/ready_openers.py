"""Speaks the likeliest openers while nobody talks, so that they need no voice when they are said.

Never at start: whoever starts it wants to talk. After another voice was set they are made anew.
"""

import asyncio
import logging

from daemon.dialogue.apologies import prepare_apologies
from daemon.dialogue.openers import Openers, voice_settled
from daemon.dialogue.parts import Parts
from daemon.dialogue.session import Session
from daemon.dialogue.state import Phase
from daemon.languages import language
from daemon.media import SPEAK_RATE, Audio
from daemon.worker import CancelToken

POLL_INTERVAL_S = 2.0
# One is made at a time, if nothing has happened since the last look. All are there a quarter of a
# minute after the start, and from then on a silence costs nothing.
EACH_S = 0.25

log = logging.getLogger(__name__)


async def prepare_speech(session: Session) -> None:
    """Speak into memory what may be needed at once: apologies first, openers while it is quiet."""
    await prepare_apologies(session)
    await keep_openers_ready(session)


async def keep_openers_ready(session: Session) -> None:
    """Make the sounds that are missing, in the voice that is set; until cancelled."""
    openers = session.parts.openers
    if openers is None:
        return
    state, sounds, missing = session.state, openers.sounds, _likely(openers)
    await asyncio.sleep(POLL_INTERVAL_S)
    while True:
        await asyncio.sleep(EACH_S if missing else POLL_INTERVAL_S)
        quiet = session.state == state and state.phase is Phase.LISTENING
        state = session.state
        if openers.sounds is not sounds:
            sounds, missing = openers.sounds, _likely(openers)
        if not (quiet and openers.wanted and missing and voice_settled(session.parts.conversion)):
            continue
        text = missing.pop(0)
        if text not in sounds:
            try:
                sounds.keep(text, await _speak(session.parts, text))
            except Exception as error:  # the reply that needs the voice meets it again, and says so
                log.debug("%s was not spoken ahead: %s", text, error)


def _likely(openers: Openers) -> list[str]:
    return [text for code in openers.languages for text in language(code).said.openers]


async def _speak(parts: Parts, text: str) -> list[Audio]:
    def speak(cancel: CancelToken) -> list[Audio]:
        return [piece.at_rate(SPEAK_RATE) for piece in parts.synthesizer.synthesize(text, cancel)]

    pieces = await parts.speaking.run(speak)
    if parts.conversion is not None:
        pieces = [await parts.conversion.convert(piece) for piece in pieces]
    return pieces
