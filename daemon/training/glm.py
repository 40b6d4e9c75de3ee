"""The GLM classes of transformers as learners: LoRA (Hu et al. 2021) with peft, or all weights."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import Parameter

from daemon.brain.chatglm.chatglm import ChatGLM
from daemon.brain.chatglm.checkpoint import Checkpoint
from daemon.brain.chatglm.glm import GlmFormat, GlmReader, GlmTokenizer, load_glm
from daemon.files import atomic_folder
from daemon.training.examples import Example
from daemon.training.learner import masked_loss, padded
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

# The authors' own settings for GLM-4: rank 8, scale 32 / 8, dropout 0.1.
SCALE = 4
DROPOUT = 0.1
FILLING = 0  # at the end of shorter chats, where nothing looks
LEARNING = ["q_proj", "k_proj", "v_proj", "o_proj"]  # all of attention


class GlmLearner:
    """A GLM of transformers; ``rank`` is LoRA's, None lets all weights learn."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        parts: tuple[GlmTokenizer, GlmFormat, "PreTrainedModel"],
        rank: int | None,
        precision: torch.dtype,
    ) -> None:
        """``parts`` are what ``load_glm`` returns; ``precision`` is what it computes in."""
        self.checkpoint = checkpoint
        self._tokenizer, self.tokens, self._base = parts
        self._precision = precision
        self._answering: ChatGLM | None = None
        if rank is None:
            self._model = self._base.requires_grad_(True)
            self.result, kind = "model", "full"
        else:
            self._model = _with_lora(self._base, rank)
            self.result, kind = "adapter", f"lora {rank}"
        self.name = f"{kind} {precision} {checkpoint.directory.name} {checkpoint.size}"

    def parameters(self) -> dict[str, Parameter]:
        """See ``Learner``."""
        return {
            name: weight for name, weight in self._model.named_parameters() if weight.requires_grad
        }

    def set_training(self, on: bool) -> None:
        """See ``Learner``."""
        self._answering = None
        self._model.train(on)

    def loss(self, batch: Sequence[Example]) -> Tensor:
        """See ``Learner``."""
        base = self._base
        ids = padded(batch, FILLING).to(base.device)
        lengths = torch.tensor([[len(example.ids)] for example in batch], device=base.device)
        seen = torch.arange(ids.shape[1], device=base.device) < lengths
        finer = self._precision != base.dtype
        with torch.autocast(base.device.type, self._precision, enabled=finer):
            read = base.model(input_ids=ids, attention_mask=seen.long(), use_cache=False)
            return masked_loss(batch, read.last_hidden_state, base.lm_head)

    def answer(self, prompt: Sequence[int], longest: int, cancel: CancelToken) -> str:
        """See ``Learner``."""
        if self._answering is None:
            reader = GlmReader(self._base)
            self._answering = ChatGLM(self.checkpoint, self._tokenizer, self.tokens, reader)
        model = self._answering
        return model.decode(list(model.generate(prompt, longest, cancel=cancel))).strip()

    def reference_answer(self, example: Example) -> str:
        """See ``Learner``."""
        ids = [id for id in example.ids[example.start :] if id not in self.tokens.ends]
        return self._tokenizer.decode(ids).strip()

    def save(self, directory: Path) -> None:
        """Write an adapter as peft does, or the whole model in half precision as transformers."""
        with atomic_folder(directory) as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of editions of transformers and peft
            if self.result == "adapter":
                self._model.save_pretrained(folder)
                (folder / "README.md").unlink(missing_ok=True)  # a form for a hub, not filled in
                return
            tensors = {
                name: weight.detach().to("cpu", torch.bfloat16)
                for name, weight in self._model.state_dict().items()
            }
            self._model.save_pretrained(folder, state_dict=tensors)
            self._tokenizer.own.save_pretrained(folder)


def _with_lora(model: "PreTrainedModel", rank: int) -> "PeftModel":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of editions of transformers and peft
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(0)  # the same beginning for each run, so that it can go on
        config = LoraConfig(
            r=rank,
            lora_alpha=SCALE * rank,
            lora_dropout=DROPOUT,
            target_modules=LEARNING,
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, config)


def load_learner(
    checkpoint: Checkpoint,
    *,
    rank: int | None,
    precision: torch.dtype,
    device: torch.device,
    checkpointing: bool,
) -> GlmLearner:
    """Load a checkpoint to learn; raises ``SetupError`` as ``load_glm`` does."""
    parts = load_glm(checkpoint, torch.float32 if rank is None else precision, device, None)
    learner = GlmLearner(checkpoint, parts, rank, precision)
    if checkpointing:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its name is to change
            parts[2].gradient_checkpointing_enable({"use_reentrant": False})
    return learner
