"""Its voice in a page, by WebRTC."""

from importlib import import_module

from fastapi import APIRouter

from daemon.api.answers import SdpAnswer
from daemon.api.bodies import OfferRequest
from daemon.api.services import CAN_SOUND, Served
from daemon.errors import DigitalLifeError
from daemon.extras import install_command
from daemon.i18n import tr

router = APIRouter(tags=["sound"])


@router.post("/listen")
async def listen(services: Served, offer: OfferRequest) -> SdpAnswer:
    """Send the voice to a page on this machine, too."""
    played = services.daemon.require_running().loudspeaker.played
    if not CAN_SOUND:
        fix = install_command("panel-sound")
        raise DigitalLifeError(tr("Sound in the page is not installed."), fix)
    if services.listeners is None:  # a library that takes its time to import
        module = await services.worker.run(lambda _: import_module("daemon.api.sound"))
        services.listeners = services.listeners or module.Listeners()
    return SdpAnswer(answer=await services.listeners.answer(played, offer.offer))
