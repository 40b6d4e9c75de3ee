"""A GGUF language model in OpenVINO, as ``LocalModel`` uses engines.

llama.cpp's threads wait for each other hundreds of times a token, so that two of them collapse when
another program takes one core. OpenVINO's share their work out anew, and use what this processor
has; see ``docs/performance.md``.
"""

import codecs
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from daemon.brain.completions import AnswerMeta, ReplyStream, failure
from daemon.brain.openvino.chat_template import ChatTemplate
from daemon.brain.openvino.conversion import TOKENIZER, converted
from daemon.brain.openvino.grammar import Constraint, Grammars
from daemon.brain.openvino.network import DecoderNetwork, Floats, log_softmax
from daemon.brain.openvino.sampling import TokenSampling, choose
from daemon.brain.openvino.tokenizer import Vocabulary, read_description
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import JsonObject, Message, Tool
from daemon.store.engines import DESCRIPTION
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

MAX_ALTERNATIVES = 1000  # tokens whose probabilities are told


class OpenVinoEngine:
    """A ``TextEngine``; belongs to one thread."""

    keeps_branches = True

    def __init__(
        self,
        path: Path,
        context_tokens: int,
        threads: int = 0,
        adapter: Path | None = None,
        directory: Path | None = None,
    ) -> None:
        """Load a model, which is converted before if need be, into ``directory``.

        Raises ``SetupError``, and ``StorageError`` when the disk refuses.
        """
        folder = converted(path, adapter, directory)
        try:
            told = read_description(folder / DESCRIPTION)
            tokens = told["tokens"]
            self._vocabulary = Vocabulary(folder / TOKENIZER, tokens)
            self._template = ChatTemplate(told["template"], tokens["texts"])
            self.context_tokens = min(context_tokens, told["context_tokens"])
            """How many tokens fit; fewer than asked for if the model was trained on fewer."""
            self._network = DecoderNetwork(folder, told, self.context_tokens, threads)
            self._grammars = Grammars(self._vocabulary, told["vocabulary"])
            self._breakers = frozenset(tokens["line_breaks"])
        # Of damaged files: errors of each kind, and of the tokenizers' library without any.
        except Exception as error:
            raise SetupError(
                tr("The engine {path} cannot be read: {reason}").format(
                    path=folder, reason=str(error).partition("\n")[0]
                ),
                f"rm -r {folder}",
            ) from error
        self._random = np.random.default_rng()

    @property
    def tokens_read(self) -> int:
        """How many tokens were read since it was loaded; what is remembered is not read again."""
        return self._network.tokens_read

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        """Return messages as the model's chat template has them. Raises ``StageError``."""
        return self._template.prompt(messages, tools)

    def count(self, prompt: str) -> int:
        """Return how many tokens a prompt has."""
        return len(self._vocabulary.tokens(prompt))

    def pieces(self, text: str, cancel: CancelToken) -> list[str]:
        """Return the tokens of ``text``; what is no text of its own is ""."""
        return [self._vocabulary.piece(token) for token in self._vocabulary.word_tokens(text)]

    def complete(
        self, prompt: str, fields: Mapping[str, object], cancel: CancelToken, ahead: str = ""
    ) -> JsonObject:
        """Go on from a prompt, as llama.cpp's ``/completion`` does for the fields that are used.

        ``n_predict`` tokens, of which ``n_probs`` alternatives are told, within a ``grammar`` or a
        ``json_schema``. ``ahead`` is read in the same go. Raises ``StageError`` and ``Cancelled``.
        """
        alternatives: list[JsonObject] = []
        count = min(int(str(fields.get("n_probs", 0))), MAX_ALTERNATIVES)

        def look(scores: Floats) -> None:
            if count:
                alternatives.append({"top_logprobs": self._alternatives(scores, count)})

        tokens = self._vocabulary.tokens(prompt)
        if ahead:
            self._read_through(tokens, prompt + ahead, cancel)
        steps = self._generate(
            tokens,
            int(str(fields.get("n_predict", 0))),
            TokenSampling(),
            cancel,
            AnswerMeta(),
            self._grammars.constraint(fields),
            look,
        )
        return {"content": "".join(steps), "completion_probabilities": alternatives}

    def chat(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        fields: Mapping[str, object],
        cancel: CancelToken,
        meta: AnswerMeta,
    ) -> ReplyStream:
        """Yield the answer in pieces of whole characters; fills ``meta``.

        Raises ``StageError``, and ``Cancelled`` once ``cancel`` is set.
        """
        known = TokenSampling.__dataclass_fields__
        chosen: JsonObject = {name: fields[name] for name in known if name in fields}
        yield from self._generate(
            self._vocabulary.tokens(self.prompt(messages, tools)),
            int(str(fields["max_tokens"])),
            TokenSampling(**chosen),
            cancel,
            meta,
        )

    def settle(self) -> None:
        """Give memory back that only loading needed."""
        self._network.settle()

    def close(self) -> None:
        """Free the model."""
        self._network.close()

    def _generate(
        self,
        tokens: list[int],
        count: int,
        sampling: TokenSampling,
        cancel: CancelToken,
        meta: AnswerMeta,
        constraint: Constraint | None = None,
        look: Callable[[Floats], None] | None = None,
    ) -> Iterator[str]:
        self._check_length(tokens)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        scores = self._network.read(tokens, cancel)
        tokens = list(tokens)
        meta.finish = "length"
        for number in range(min(count, self.context_tokens - len(tokens))):
            if number:
                cancel.check()
                scores = self._network.read(tokens, cancel)
            if look:
                look(scores)
            if constraint:
                scores = constraint.restrict(scores)
            token = choose(scores, sampling, tokens, self._breakers, self._random)
            if token in self._vocabulary.ends:
                meta.finish = "stop"
                break
            tokens.append(token)
            if said := decoder.decode(self._vocabulary.bytes_of(token)):
                yield said
            if constraint and not constraint.accept(token):
                meta.finish = "stop"
                break

    def _read_through(self, tokens: list[int], prompt: str, cancel: CancelToken) -> None:
        """Read a longer prompt and note what may follow ``tokens``, if it begins with them.

        Each run of the network reads all its weights once, for one token as for ten.
        """
        longer = self._vocabulary.tokens(prompt)
        if longer[: len(tokens)] == tokens and len(longer) < self.context_tokens:
            self._network.read(longer, cancel, through=len(tokens))

    def _check_length(self, tokens: Sequence[int]) -> None:
        if not tokens:
            raise failure(tr("there is nothing to go on from"))
        if len(tokens) >= self.context_tokens:
            text = tr("the prompt has {count} tokens, and the context holds {room}")
            raise failure(text.format(count=len(tokens), room=self.context_tokens))

    def _alternatives(self, scores: Floats, count: int) -> list[JsonObject]:
        chances = log_softmax(scores)
        best = np.argpartition(chances, -count)[-count:]
        best = best[np.argsort(chances[best])[::-1]]
        return [
            {"token": self._vocabulary.piece(int(token)), "logprob": float(chances[token])}
            for token in best
        ]
