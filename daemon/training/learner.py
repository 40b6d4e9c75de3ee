"""What the trainer needs of a model that learns: a network of ours or one of transformers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from daemon.training.examples import ChatTokens, Example
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter


class Learner(Protocol):
    """A model of which some parameters learn."""

    @property
    def name(self) -> str:
        """The model and the way in which it learns; a run of another cannot go on with it."""

    @property
    def result(self) -> str:
        """What comes of it, and the setting that takes it: ``prefix``, ``adapter``, ``model``."""

    def parameters(self) -> "dict[str, Parameter]":
        """Return the parameters that learn, float32, by name."""

    def set_training(self, on: bool) -> None:
        """Switch between learning and being looked at (dropout, gradients)."""

    def loss(self, batch: Sequence[Example]) -> "Tensor":
        """Return the sum, over the answers' tokens, of the negative log-probability in nats."""

    def save(self, directory: Path) -> None:
        """Write what the brain loads; each file appears whole or not at all.

        Raises ``StorageError``.
        """


class ChatLearner(Learner, Protocol):
    """One that reads chats and answers by itself."""

    @property
    def tokens(self) -> ChatTokens:
        """How it writes chats."""

    def answer(self, prompt: Sequence[int], longest: int, cancel: CancelToken) -> str:
        """Return the likeliest answer, token by token, to the tokens of a prompt."""

    def reference_answer(self, example: Example) -> str:
        """Return the answer that was given, as the model would write it.

        Tokenizers write full-width punctuation otherwise; that is no mistake of an answer.
        """


def padded(batch: Sequence[Example], filling: int) -> "Tensor":
    """Put examples below each other, filled up at their ends: int64 (batch, longest)."""
    import torch

    longest = max(len(example.ids) for example in batch)
    rows = [[*example.ids, *[filling] * (longest - len(example.ids))] for example in batch]
    return torch.tensor(rows)


def answer_places(batch: Sequence[Example]) -> Iterator[tuple[int, int, int]]:
    """Yield, for each token to learn: its row, the place from which it is foretold, the token."""
    for row, example in enumerate(batch):
        for place in example.learned:
            yield row, place - 1, example.ids[place]


def masked_loss(
    batch: Sequence[Example], hidden: "Tensor", scores: "Callable[[Tensor], Tensor]"
) -> "Tensor":
    """Return the loss of the answers from the last layer's output (batch, longest, hidden).

    Only where an answer is foretold are scores computed: for a whole chat they would take more
    memory than all layers, with vocabularies of 65 to 150 thousand tokens.
    """
    import torch
    from torch.nn import functional as F

    rows, places, expected = zip(*answer_places(batch), strict=True)
    picked = hidden[list(rows), list(places)]
    target = torch.tensor(expected, device=hidden.device)
    return F.cross_entropy(scores(picked).float(), target, reduction="sum")
