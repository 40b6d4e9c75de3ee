"""A GGUF language model inside this process, through llama.cpp."""

from pathlib import Path

from daemon.brain.llama_server import LlamaServer
from daemon.brain.local_model import LocalModel


class LlamaCpp(LocalModel):
    """A GGUF file on llama.cpp.

    ``gpu_layers`` counts only where llama.cpp finds a GPU; -1 is as many as fit there.
    ``threads`` 0 takes, for each answer, the physical cores that other programs leave free.
    ``system_prompt`` is what the chats begin with: ``warm_up`` reads it, so that the first answer
    need not. ``adapter`` is a LoRA for this model. Raises ``SetupError`` when a file is missing or
    cannot be loaded.
    """

    engine_name = "llama.cpp"

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        gpu_layers: int = -1,
        threads: int = 0,
        system_prompt: str = "",
        adapter: Path | None = None,
    ) -> None:
        self.server = LlamaServer(path, context_tokens, gpu_layers, threads, adapter)
        self.device = self.server.device
        """Where it computes."""
        super().__init__(
            self.server,
            name=str(path),
            max_reply_tokens=max_reply_tokens,
            temperature=temperature,
            top_p=top_p,
            system_prompt=system_prompt,
        )
