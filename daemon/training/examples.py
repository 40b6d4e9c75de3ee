"""From exchanges to what a model reads: tokens, cut to size, batches, and what is held out."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.media import Message
from daemon.training.chats import Exchange

VALIDATION_SHARE = 0.05  # of all conversations, to see how the model does on what it has not seen
WINDOW = 64  # batches among which examples change places
MAX_VALIDATION = 64  # exchanges; more would take longer to look at than they tell


class ChatTokens(Protocol):
    """How a model writes chats."""

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """Return a prompt's tokens, up to where the answer begins."""

    def encode_answer(self, text: str) -> list[int]:
        """Return the tokens that are to follow it, with the one that ends an answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an example may be, in tokens."""

    source: int
    """The history and the question; the oldest turns are left out first."""
    target: int
    """The answer; what is longer goes on without an end."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with its answer."""

    ids: tuple[int, ...]
    start: int
    """Where the answer begins."""
    earlier: tuple[range, ...] = ()
    """Where answers before it are that are learned as well."""

    @property
    def answer_tokens(self) -> int:
        """How many tokens there are to learn."""
        return len(self.ids) - self.start + sum(map(len, self.earlier))

    @property
    def learned(self) -> list[int]:
        """The places of the tokens to learn."""
        return [*chain(*self.earlier), *range(self.start, len(self.ids))]

    @property
    def prompt(self) -> list[int]:
        """The tokens before the answer."""
        return list(self.ids[: self.start])


def encode(exchange: Exchange, tokens: ChatTokens, limits: Limits) -> Example:
    """Make an example within ``limits``; a question too long loses its front.

    Raises ``InputError`` when not even an empty question fits.
    """
    history, question = exchange.history, exchange.prompt
    while len(prompt := tokens.encode_chat(_messages(history, question))) > limits.source:
        if history:
            history = history[1:]
        elif question:
            question = question[max(len(question) // 8, 1) :]
        else:
            raise InputError(
                tr("A question alone takes {count} tokens; at most {limit} are allowed.").format(
                    count=len(prompt), limit=limits.source
                ),
                "--max-source-tokens 256",
            )
    answer = tokens.encode_answer(exchange.response)[: limits.target]
    return Example((*prompt, *answer), len(prompt))


def _messages(history: Sequence[tuple[str, str]], question: str) -> list[Message]:
    messages = []
    for asked, said in history:
        messages += [Message("user", asked), Message("assistant", said)]
    return [*messages, Message("user", question)]


def split_validation(exchanges: Sequence[Exchange]) -> tuple[list[Exchange], list[Exchange]]:
    """Part what is learned from what is held out: every so many conversations a whole one.

    Exchanges of a conversation hold each other in their history, so none of it may be learned.
    With a single conversation, nothing is held out.
    """
    conversations: list[list[Exchange]] = []
    for exchange in exchanges:
        if not exchange.history or not conversations:
            conversations.append([])
        conversations[-1].append(exchange)
    every = max(int(1 / VALIDATION_SHARE), 2)
    if len(conversations) < every:
        every = len(conversations)
    training: list[Exchange] = []
    validation: list[Exchange] = []
    for number, conversation in enumerate(conversations, 1):
        take = every > 1 and number % every == 0 and len(validation) < MAX_VALIDATION
        (validation if take else training).extend(conversation)
    return training, validation[:MAX_VALIDATION]


def batches(examples: Sequence[Example], size: int, seed: int, skip: int) -> Iterator[list[int]]:
    """Yield batches of the examples' numbers for ever, each epoch in another order.

    Of ``WINDOW`` batches, those that begin alike come together: a learner may read their common
    beginning once. The order follows from ``seed`` alone, so a run that goes on after ``skip``
    batches sees what it would have seen.
    """
    count = len(examples)
    epoch, skipped = divmod(skip, -(-count // size))
    while True:
        draw = random.Random(f"{seed} {epoch}")  # noqa: S311 - an order, not a secret
        order = list(range(count))
        draw.shuffle(order)
        made: list[list[int]] = []
        for start in range(0, count, WINDOW * size):
            window = order[start : start + WINDOW * size]
            if size > 1:
                window.sort(key=lambda number: examples[number].ids)
            made += [window[at : at + size] for at in range(0, len(window), size)]
        draw.shuffle(made)
        yield from made[skipped:]
        epoch, skipped = epoch + 1, 0
