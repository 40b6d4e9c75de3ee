"""The so-vits-svc-fork package: importing it without its side effects.

Importing it takes seconds and loads matplotlib and more, so it happens on a worker's thread and
only where a so-vits-svc voice is used.
"""

import importlib
import logging
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.i18n import tr

PACKAGE = "so_vits_svc_fork"
_TALKATIVE = (
    PACKAGE,
    "matplotlib",
    "numba",
    "torch.utils._pytree",
    "torchao",
    "transformers",
    "lightning",
)


def load(module: str) -> Any:
    """Import ``so_vits_svc_fork.MODULE``. Raises ``SetupError`` without the extra."""
    try:
        with quietly():
            _ensure_torchaudio()
            return importlib.import_module(f"{PACKAGE}.{module}")
    except ImportError as error:
        raise SetupError(
            tr("so-vits-svc voices need an extra that is not installed ({reason}).").format(
                reason=error
            ),
            install_command("sovits"),
        ) from error


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the package from redirecting all warnings to the log, and from logging each step."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    show = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies' deprecations are not our user's concern
        yield
    logging.captureWarnings(False)
    warnings.showwarning = show


def _ensure_torchaudio() -> None:
    """Import torchaudio, without its compiled part where that does not fit the installed torch.

    The package index has only builds for CUDA, which do not load beside a torch for processors. Of
    torchaudio, so-vits-svc-fork uses what is written in Python alone.
    """
    if "torchaudio" in sys.modules:
        return
    try:
        importlib.import_module("torchaudio")
    except Exception as error:  # which one differs: the loader's OSError, or a check's own
        if isinstance(error, ModuleNotFoundError) and error.name == "torchaudio":
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        stand_in: Any = types.ModuleType("torchaudio._extension")
        stand_in.fail_if_no_align = lambda function: function
        for flag in ("_IS_TORCHAUDIO_EXT_AVAILABLE", "_IS_RIR_AVAILABLE", "_IS_ALIGN_AVAILABLE"):
            setattr(stand_in, flag, False)
        sys.modules["torchaudio._extension"] = stand_in
        importlib.import_module("torchaudio")
