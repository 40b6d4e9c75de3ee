"""The models that are known, and fetching them."""

from fastapi import APIRouter

from daemon import i18n
from daemon.api.answers import Done
from daemon.api.bodies import PullRequest
from daemon.api.known_answers import KnownModel, KnownModels
from daemon.api.services import Served
from daemon.i18n import language
from daemon.store.model_store import ModelStore

router = APIRouter(prefix="/models", tags=["models"])


@router.get("")
async def models(services: Served) -> KnownModels:
    """Return all models that are known, and whether they are there."""
    store, wanted = services.daemon.require_running().components.store, language()
    return KnownModels(models=await services.worker.run(lambda _: _weights(store, wanted)))


@router.post("/{name}/pull")
async def pull(services: Served, name: str, pull: PullRequest) -> Done:
    """Begin to fetch a model; the page's events tell how far it is."""
    store = services.daemon.require_running().components.store
    services.downloads.start(store, name, pull.accept_license, language())
    return Done()


@router.delete("/{name}/pull")
async def stop_pull(services: Served, name: str) -> Done:
    """Stop fetching it; what has come is kept for the next time."""
    services.downloads.stop(name)
    return Done()


def _weights(store: ModelStore, language: str) -> list[KnownModel]:
    with i18n.speaking(language):  # the worker's thread has no language of its own
        return [_weight(store, name) for name in store.manifest.weights]


def _weight(store: ModelStore, name: str) -> KnownModel:
    weight = store.manifest.weight(name)
    return KnownModel(
        name=name,
        description=str(weight.description),
        licence=weight.licence,
        restriction=str(weight.restriction or ""),
        size=weight.size,
        state=store.status(name).state.value,
        fetchable=all(file.fetchable for file in weight.files),
        default=name in store.manifest.profiles["default"],
    )
