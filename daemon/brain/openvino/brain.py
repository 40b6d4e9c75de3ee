"""A GGUF language model inside this process, through OpenVINO."""

from pathlib import Path

from daemon.brain.local_model import LocalModel
from daemon.brain.openvino.engine import OpenVinoEngine


class OpenVinoModel(LocalModel):
    """A GGUF file on OpenVINO; see ``support.py`` for which files.

    ``threads`` 0 leaves their number to OpenVINO. ``system_prompt`` is what the chats begin with:
    ``warm_up`` reads it, so that the first answer need not. ``adapter`` is a LoRA for this model.
    ``directory`` is where the converted model is kept; none is the cache. Raises ``SetupError``
    when a file is missing or cannot be loaded.
    """

    engine_name = "OpenVINO"

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        threads: int = 0,
        system_prompt: str = "",
        adapter: Path | None = None,
        directory: Path | None = None,
    ) -> None:
        self.engine = OpenVinoEngine(path, context_tokens, threads, adapter, directory)
        super().__init__(
            self.engine,
            name=str(path),
            max_reply_tokens=max_reply_tokens,
            temperature=temperature,
            top_p=top_p,
            system_prompt=system_prompt,
        )

    def warm_up(self) -> None:
        """Read the system prompt and make one token."""
        super().warm_up()
        self.engine.settle()
