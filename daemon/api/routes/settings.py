"""What can be set while it runs."""

from fastapi import APIRouter

from daemon.api.answers import Changed, Choices, Kept
from daemon.api.bodies import FaceChoice, SettingRequest, VoiceChoice
from daemon.api.choices import choices, chosen
from daemon.api.services import Served
from daemon.config.keep import keep
from daemon.face.catalogue import find_face
from daemon.voice.named import values_for

router = APIRouter(tags=["settings"])


@router.get("/settings")
async def settings(services: Served) -> Choices:
    """Return the settings that the panel offers, and what they can be."""
    return await choices(services.daemon)


@router.patch("/settings")
async def change(services: Served, setting: SettingRequest) -> Changed:
    """Set something, at once or with the next restart, until the next start of the service."""
    values = chosen(setting.name, setting.value)
    return Changed(**await services.daemon.changes.choose(values))


@router.post("/settings/keep")
async def keep_settings(services: Served) -> Kept:
    """Write what was set into the settings' file."""
    daemon = services.daemon
    names = daemon.settings.unkept
    path = keep(daemon.settings.wanted, names, daemon.config)
    daemon.settings.note_kept()
    return Kept(kept=names, path=str(path))


@router.post("/settings/reload")
async def reload(services: Served) -> Changed:
    """Read the settings' file again."""
    return Changed(**await services.daemon.reload())


@router.put("/face")
async def face(services: Served, choice: FaceChoice) -> Changed:
    """Show another face, until the next start."""
    find_face(choice.name)  # without a camera nobody else would miss it
    return Changed(**await services.daemon.changes.choose({"face.name": choice.name}))


@router.put("/voice")
async def voice(services: Served, choice: VoiceChoice) -> Changed:
    """Speak with another voice, until the next start."""
    daemon = services.daemon
    store = daemon.require_running().components.store
    values = values_for(choice.name, daemon.settings.wanted, store)
    return Changed(**await services.daemon.changes.choose(values))
