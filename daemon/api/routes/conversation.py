"""Talking: what it is to say or to answer, when it is to stop, and who answers."""

from fastapi import APIRouter

from daemon.api.answers import Changed, Done, Personas, SpokenAnswer
from daemon.api.bodies import KeyRequest, PersonaChoice, SpeechRequest
from daemon.api.services import Served
from daemon.dialogue.turn import Recitation
from daemon.errors import DigitalLifeError, SetupError
from daemon.i18n import tr
from daemon.server import Daemon

router = APIRouter(tags=["conversation"])


@router.post("/say")
async def say(services: Served, speech: SpeechRequest) -> SpokenAnswer:
    """Say a text; answered when it has been heard."""
    return await _speak(services.daemon, Recitation(speech.text))


@router.post("/ask")
async def ask(services: Served, speech: SpeechRequest) -> SpokenAnswer:
    """Answer a question aloud; answered when that has been heard."""
    return await _speak(services.daemon, speech.text)


@router.post("/stop-talking")
async def stop_talking(services: Served) -> Done:
    """Fall silent."""
    services.daemon.require_running().session.stop_speaking()
    return Done()


@router.post("/new-conversation")
async def new_conversation(services: Served) -> Done:
    """Begin anew, without what was said before."""
    await services.daemon.require_running().begin_again()
    return Done()


@router.post("/talk")
async def talk(services: Served, key: KeyRequest) -> Done:
    """Press the push-to-talk key, which silences the answer, or let it go."""
    running = services.daemon.require_running()
    if running.push_to_talk is None:
        raise SetupError(
            tr("It listens without a key."),
            tr('listen = "push-to-talk" under [ears] in the settings waits for one'),
        )
    if key.on:
        running.push_to_talk.press()
        running.session.stop_speaking()
    else:
        running.push_to_talk.release()
    return Done()


@router.get("/personas")
async def personas(services: Served) -> Personas:
    """Return who can answer, and who does."""
    return Personas.model_validate(services.daemon.personas.list())


@router.put("/persona")
async def persona(services: Served, choice: PersonaChoice) -> Changed:
    """Answer as another, in a new conversation, until the next start."""
    daemon = services.daemon
    changed = await daemon.personas.switch(daemon.require_running(), choice.name)
    return Changed(**changed)


async def _speak(daemon: Daemon, words: str | Recitation) -> SpokenAnswer:
    asked = daemon.require_running().session.ask(words)
    if asked is None:
        raise DigitalLifeError(tr("Somebody is speaking."), tr("Try again in a moment."))
    heard = await asked.future
    return SpokenAnswer(text=heard.text, whole=heard.whole)
