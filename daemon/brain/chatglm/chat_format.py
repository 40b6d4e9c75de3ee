"""How each of the first three generations was taught to read a chat.

The forms are the authors' own. Generations one and two know questions and answers only; what a
system turn says is put before the first question.
"""

from collections.abc import Sequence

from daemon.brain.chatglm.checkpoint import Generation
from daemon.brain.chatglm.tokenizer import Tokenizer
from daemon.media import Message


class ChatFormat:
    """Messages → tokens for one generation."""

    def __init__(self, generation: Generation, tokenizer: Tokenizer) -> None:
        self._generation = generation
        self._tokenizer = tokenizer

    @property
    def ends(self) -> frozenset[int]:
        """The tokens with which an answer ends."""
        names = {
            Generation.FIRST: ("<eop>",),
            Generation.SECOND: ("</s>",),
            Generation.THIRD: ("</s>", "<|user|>", "<|observation|>"),
        }[self._generation]
        return frozenset(map(self._tokenizer.special, names))

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt, up to where the answer begins; the last message is the question."""
        special, encode = self._tokenizer.special, self._tokenizer.encode
        match self._generation:
            case Generation.FIRST:
                return [*encode(_first(messages)), special("[gMASK]"), special("<sop>")]
            case Generation.SECOND:
                return [special("[gMASK]"), special("sop"), *encode(_second(messages))]
            case _:
                ids = [special("[gMASK]"), special("sop")]
                for message in messages:
                    ids += [special(f"<|{message.role}|>"), *encode("\n"), *encode(message.content)]
                return [*ids, special("<|assistant|>")]

    def encode_answer(self, text: str) -> list[int]:
        """Return the tokens that are to follow a prompt, with the token that ends them.

        For training: ``encode_chat(…) + encode_answer(…)`` is a chat with its answer.
        """
        special, encode = self._tokenizer.special, self._tokenizer.encode
        match self._generation:
            case Generation.FIRST:
                return [*encode(text), special("<eop>")]
            case Generation.SECOND:
                return [*encode(text), special("</s>")]
            case _:
                return [*encode("\n"), *encode(text), special("</s>")]


def _first(messages: Sequence[Message]) -> str:
    history, question = _rounds(messages)
    if not history:
        return question
    rounds = [f"[Round {n}]\n问：{asked}\n答：{said}\n" for n, (asked, said) in enumerate(history)]
    return "".join(rounds) + f"[Round {len(history)}]\n问：{question}\n答："


def _second(messages: Sequence[Message]) -> str:
    history, question = _rounds(messages)
    rounds = [
        f"[Round {n}]\n\n问：{asked}\n\n答：{said}\n\n"
        for n, (asked, said) in enumerate(history, 1)
    ]
    return "".join(rounds) + f"[Round {len(history) + 1}]\n\n问：{question}\n\n答："


def _rounds(messages: Sequence[Message]) -> tuple[list[tuple[str, str]], str]:
    """Return the rounds before, and the last question; what is said in a row is joined."""
    rounds: list[tuple[str, str]] = []
    asked: list[str] = []
    for message in messages:
        if message.role == "assistant":
            rounds.append(("\n".join(asked), message.content))
            asked = []
        else:
            asked.append(message.content)
    return rounds, "\n".join(asked)
