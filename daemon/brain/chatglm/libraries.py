"""Importing transformers and torchao so that they work beside what else is installed, quietly."""

import logging


def prepare() -> None:
    """Call before anything is imported from transformers or torchao; cheap the second time.

    torchao tells at import of kernels for other devices. transformers imports torchaudio for no
    other reason than that it is installed, and fails where that was built for another torch;
    language needs none of it.
    """
    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from transformers.utils import import_utils
    from transformers.utils import logging as chatter

    chatter.disable_progress_bar()
    chatter.set_verbosity_error()
    available = import_utils._is_package_available
    if available.__name__ == "without_torchaudio":
        return

    def without_torchaudio(name: str, *rest: object, **more: object) -> tuple[bool, object]:
        return (False, None) if name == "torchaudio" else available(name, *rest, **more)

    import_utils._is_package_available = without_torchaudio
    import_utils.is_torchaudio_available.cache_clear()
