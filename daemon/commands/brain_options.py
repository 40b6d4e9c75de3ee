"""``--brain`` and its companions: another brain for one run, without a settings file."""

import argparse
from typing import TYPE_CHECKING

from daemon.errors import SetupError
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings

KINDS = ("auto", "llamacpp", "chatglm", "openai")
"""Those of ``brain.kind``, told here because the settings take 0.1 s to import."""


def add_brain_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        tr("another brain than the one in the settings"),
        tr("With --prefix, or a folder as --adapter, there is no persona: they never had one."),
    )
    group.add_argument("--brain", choices=KINDS, help=tr("its kind: brain.kind"))
    group.add_argument(
        "--model",
        metavar="MODEL",
        help=tr("a checkpoint's folder, a GGUF file, or the name of a model on the server"),
    )
    group.add_argument(
        "--prefix", metavar="DIR", help=tr("a P-tuning v2 prefix for ChatGLM 1 to 3")
    )
    group.add_argument(
        "--adapter",
        metavar="PATH",
        help=tr("a LoRA: a folder for GLM-4 or GLM-Edge, a GGUF file for llama.cpp"),
    )
    group.add_argument("--server", metavar="URL", help=tr("an OpenAI-compatible server"))


def with_brain(settings: "Settings", arguments: argparse.Namespace) -> "Settings":
    """Return the settings with what the options change; ``SetupError`` for what cannot be."""
    from pydantic import ValidationError

    from daemon.config import Settings

    brain = {name: getattr(arguments, name) for name in ("prefix", "adapter")}
    if brain["prefix"] or (brain["adapter"] and not brain["adapter"].endswith(".gguf")):
        brain["persona"] = ""
    brain["kind"] = arguments.brain or ("openai" if arguments.server else None)
    # Who types the address says where the words go.
    server = {"url": arguments.server, "remote": True if arguments.server else None}
    on_server = (brain["kind"] or settings.brain.kind) == "openai"
    (server if on_server else brain)["model"] = arguments.model
    told = settings.model_dump()
    for table, changes in (("brain", brain), ("server", server)):
        told[table] |= {name: value for name, value in changes.items() if value is not None}
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        problem = error.errors()[0]
        raise SetupError(f"{problem['input']}: {problem['msg']}") from None
