"""GLM-4-9B-chat-hf, GLM-4-0414 and GLM-Edge, whose networks are part of transformers itself."""

import logging
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from daemon.brain.chatglm.checkpoint import Checkpoint, damaged, read_json, shards, tensors
from daemon.brain.chatglm.libraries import prepare
from daemon.brain.chatglm.quantise import Bits, quantise
from daemon.brain.chatglm.reader import common_start, watch_layers
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Message
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class GlmTokenizer:
    """The tokenizer that transformers makes of ``tokenizer.json``."""

    def __init__(self, own: "PreTrainedTokenizerBase") -> None:
        self.own = own
        names = sorted((token.content for token in own.added_tokens_decoder.values()), key=len)
        self._marks = re.compile("|".join(re.escape(name) for name in reversed(names)) or r"(?!)")

    def encode(self, text: str) -> list[int]:
        """See ``Tokenizer``."""
        ids: list[int] = self.own.encode(self.plain(text), add_special_tokens=False)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """See ``Tokenizer``."""
        text: str = self.own.decode(list(ids))
        return text

    def special(self, name: str) -> int:
        """See ``Tokenizer``."""
        return int(self.own.convert_tokens_to_ids(name))

    def is_text_token(self, id: int) -> bool:
        """See ``Tokenizer``."""
        return id < len(self.own) and id not in self.own.added_tokens_decoder

    def plain(self, text: str) -> str:
        """Part the names of special tokens, so that none comes out of what somebody says."""
        return self._marks.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)


class GlmFormat:
    """The chat template of the checkpoint; a template can make text and nothing else."""

    def __init__(self, tokenizer: GlmTokenizer, ends: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self.ends = ends

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """See ``ChatFormat``."""
        chat = [{"role": m.role, "content": self._tokenizer.plain(m.content)} for m in messages]
        ids: list[int] = self._tokenizer.own.apply_chat_template(
            chat, add_generation_prompt=True, return_dict=False
        )
        return ids

    def encode_answer(self, text: str) -> list[int]:
        """See ``ChatFormat``: these end an answer with the mark of the next question."""
        return [*self._tokenizer.encode("\n" + text), self._tokenizer.special("<|user|>")]


class GlmReader:
    """Reads with a network of transformers'."""

    def __init__(self, model: "PreTrainedModel") -> None:
        from transformers import DynamicCache

        self.model = model
        self.vocabulary = int(model.config.vocab_size)
        self.context = int(model.config.max_position_embeddings)
        self._cache = DynamicCache(config=model.config)
        self._read: list[int] = []
        self._cancel = CancelToken()
        watch_layers(model.model.layers, lambda: self._cancel)

    def logits(self, ids: Sequence[int], cancel: CancelToken) -> Tensor:
        """See ``Reader``."""
        new, self._cancel = list(ids), cancel
        kept = min(common_start(new, self._read), len(new) - 1)
        self._keep(kept)
        del self._read[kept:]
        with torch.inference_mode():
            out = self.model.model(
                torch.tensor([new[kept:]], device=self.model.device),
                past_key_values=self._cache,
                use_cache=True,
            )
            # Of two dimensions: for a part of three, PyTorch copies the whole table of words first.
            scores: Tensor = self.model.lm_head(out.last_hidden_state[0, -1:])[0].float().cpu()
        self._read = new
        return scores

    def _keep(self, count: int) -> None:
        """Forget all but the first tokens, also what a cancelled run left in some of the layers."""
        for layer in self._cache.layers:
            if layer.is_initialized and layer.keys.shape[2] > count:
                layer.keys, layer.values = layer.keys[:, :, :count], layer.values[:, :, :count]


def load_glm(
    checkpoint: Checkpoint,
    dtype: torch.dtype,
    device: torch.device,
    adapter: Path | None,
    bits: Bits | None = None,
) -> tuple[GlmTokenizer, GlmFormat, "PreTrainedModel"]:
    """Load tokenizer, chat form and network; ``adapter`` is a LoRA of peft's, merged into it.

    Raises ``SetupError`` for whatever is missing or damaged: transformers by itself would go on
    with random numbers.
    """
    prepare()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    directory = checkpoint.directory
    for path in shards(directory):
        next(tensors(path), None)  # names the file that is damaged, which transformers does not
    try:
        tokenizer = GlmTokenizer(AutoTokenizer.from_pretrained(directory, **_LOCAL))
        model, told = AutoModelForCausalLM.from_pretrained(
            directory,
            dtype=dtype,
            output_loading_info=True,
            attn_implementation=_ATTENTION,
            **_LOCAL,
        )
    except Exception as error:  # each library below it has errors of its own
        logging.getLogger(__name__).debug("%s: %s", directory, error)
        raise damaged(directory) from error
    if missing := sorted({*told["missing_keys"], *map(str, told["mismatched_keys"])}):
        raise SetupError(
            tr("The checkpoint {path} is incomplete: {files} missing.").format(
                path=directory, files=", ".join(missing[:3])
            ),
            tr("download the missing files"),
        )
    if device.type == "cpu":
        _own_memory(model, directory, bits)
    if adapter is not None:
        model = _adapted(model, adapter)
    if tokenizer.own.chat_template is None:
        raise SetupError(
            tr(
                "The checkpoint {path} has no chat template: it is not made for conversation."
            ).format(path=directory),
            tr("take the edition whose name has “chat” in it"),
        )
    chat_format = GlmFormat(tokenizer, _ends(model, tokenizer))
    try:
        chat_format.encode_chat([Message("user", "Hello.")])
    except Exception as error:  # a template is a program in a sandbox, and may do anything there
        raise damaged(directory) from error
    model.requires_grad_(False).eval().to(device)
    if bits:
        quantise(model.model.layers, bits)
    return tokenizer, chat_format, model


def _ends(model: "PreTrainedModel", tokenizer: GlmTokenizer) -> frozenset[int]:
    ends = model.generation_config.eos_token_id
    return frozenset([ends] if isinstance(ends, int) else ends or [tokenizer.own.eos_token_id])


_LOCAL: dict[str, bool] = {"local_files_only": True, "trust_remote_code": False}
# Named here, because a config might name one that is fetched as a program.
_ATTENTION = "sdpa"


def _own_memory(model: "PreTrainedModel", directory: Path, bits: Bits | None) -> None:
    """Copy the weights, which transformers leaves in the mapped files, a portion at a time.

    In memory of their own they lie on large pages and begin where the processor wants them to, a
    token takes a third less time, and a file that changes later cannot reach them. What is going
    to be quantised is read from the files when its turn comes, so that it never is there whole.
    """
    weights = dict(model.named_parameters())
    for path in shards(directory):
        for name, tensor in tensors(path):
            weight = weights.get(name)
            if weight is None or weight.dtype != tensor.dtype:
                continue  # transformers has made a copy already
            if bits is None or tensor.ndim == 1 or ".layers." not in name:
                weight.data = torch.empty_like(tensor).copy_(tensor)


def _adapted(model: "PreTrainedModel", adapter: Path) -> "PreTrainedModel":
    told = read_json(adapter / "adapter_config.json")
    # peft imports whatever module is named beside megatron_config; other kinds load more by name.
    if told.get("peft_type") != "LORA" or told.get("megatron_config"):
        raise SetupError(
            tr("The adapter in {path} does not fit this model, or is damaged.").format(path=adapter)
        )
    # peft uses a name that transformers is about to change; that is not the user's business
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
    try:
        from peft import PeftModel
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # peft makes bars that it does not show; each has a thread

        return PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise SetupError(
            tr("The adapter in {path} does not fit this model, or is damaged.").format(path=adapter)
        ) from error
