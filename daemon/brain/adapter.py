"""Which LoRA a model of llama.cpp's gets: the one that comes with it, one's own, or none."""

from pathlib import Path

from daemon.errors import SetupError
from daemon.extras import repair_command
from daemon.i18n import tr
from daemon.store import verify
from daemon.store.manifest import shipped
from daemon.store.model_store import ModelStore


def find_adapter(setting: str, model: str, store: ModelStore) -> Path | None:
    """Return the file for ``brain.adapter`` and a model as ``brain.model`` has it.

    ``auto`` is the file beside the program that was made for this weight; a model that is named by
    its path has none. Raises ``SetupError`` when the file is missing or damaged.
    """
    if setting != "auto":
        return _own(Path(setting).expanduser()) if setting else None
    weight = store.manifest.weights.get(model)
    if weight is None or weight.adapter is None:
        return None
    path = shipped(weight.adapter.path)
    try:
        whole = verify.sha256(path) == weight.adapter.sha256
    except OSError as error:
        raise SetupError(
            tr("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror),
            _mend(path),
        ) from error
    if not whole:
        raise SetupError(tr("The adapter {path} is damaged.").format(path=path), _mend(path))
    return path


def _own(path: Path) -> Path:
    if path.is_file():
        return path
    raise SetupError(
        tr("The adapter {path} is no file.").format(path=path),
        tr('for the one that comes with the model set adapter = "auto" under [brain]'),
    )


def _mend(path: Path) -> str:
    checkout = path.parent.parent.parent / ".git"
    return f"git -C {checkout.parent} checkout -- {path}" if checkout.exists() else repair_command()
