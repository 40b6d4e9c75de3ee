"""Tokens of the first three generations: SentencePiece and each one's special tokens.

What a person says is only ever text: no words of theirs become a special token, as they would with
the authors' own tokenizer if they said "<sop>".
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from sentencepiece import SentencePieceProcessor

from daemon.brain.chatglm.checkpoint import Checkpoint, Generation, damaged, read_json
from daemon.errors import SetupError
from daemon.i18n import tr


class Tokenizer(Protocol):
    """Text ↔ token ids."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without any special ones."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of tokens; a character that is not complete becomes U+FFFD."""

    def special(self, name: str) -> int:
        """Return the id of a special token, such as ``[gMASK]``."""

    def is_text_token(self, id: int) -> bool:
        """Whether a token belongs to an answer: no special one, nor one without a meaning."""


class ChatGLM1Tokenizer:
    """``ice_text.model``: line breaks, tabs and runs of up to 80 blanks are tokens of their own."""

    longest_blank = 80
    names = ("[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>")
    marks = re.compile(r"(?<=[<\[])(?=(MASK|gMASK|sMASK)\]|(unused_0|sop|eop|ENC|dBLOCK)>)")
    """Where a special token's name would begin in a text, behind its bracket."""

    def __init__(self, path: Path, offset: int) -> None:
        """``offset``: ids of image tokens that come before all others; none in later editions."""
        self._model = _processor(path)
        self._offset = offset
        self._size = int(self._model.vocab_size())
        self._special = frozenset(map(self.special, (*self.names, "</s>", "<pad>", "<unk>")))

    def encode(self, text: str) -> list[int]:
        """See ``Tokenizer``."""
        text = self.marks.sub(" ", text)
        text = text.replace("\n", "<n>").replace("\t", "<|tab|>")
        text = re.sub(rf" {{2,{self.longest_blank}}}", lambda run: f"<|blank_{len(run[0])}|>", text)
        ids: list[int] = self._model.encode(text)
        return [id + self._offset for id in ids]

    def decode(self, ids: Sequence[int]) -> str:
        """See ``Tokenizer``."""
        pieces = [id - self._offset for id in ids if self._known(id)]
        text: str = self._model.decode(pieces)
        text = text.replace("<n>", "\n").replace("<|tab|>", "\t")
        return re.sub(r"<\|blank_(\d+)\|>", lambda run: " " * int(run[1]), text)

    def special(self, name: str) -> int:
        """See ``Tokenizer``."""
        return int(self._model.piece_to_id(name)) + self._offset

    def is_text_token(self, id: int) -> bool:
        """See ``Tokenizer``."""
        return self._known(id) and id not in self._special

    def _known(self, id: int) -> bool:
        """Whether it is text: images come before, what fills the table up behind."""
        return 0 <= id - self._offset < self._size


class ChatGLM2Tokenizer:
    """``tokenizer.model``; the special tokens follow its last one."""

    names = (
        "[MASK]",
        "[gMASK]",
        "[sMASK]",
        "sop",
        "eop",
        "<|system|>",  # these four since the third generation
        "<|user|>",
        "<|assistant|>",
        "<|observation|>",
    )

    def __init__(self, path: Path) -> None:
        self._model = _processor(path)
        self._size = int(self._model.vocab_size())

    def encode(self, text: str) -> list[int]:
        """See ``Tokenizer``."""
        ids: list[int] = self._model.encode(text)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """See ``Tokenizer``."""
        text, run = "", []
        for id in ids:
            if id < self._size:
                run.append(id)
            else:
                text += self._text(run) + self._name(id)
                run = []
        return text + self._text(run)

    def special(self, name: str) -> int:
        """See ``Tokenizer``."""
        if name == "</s>":
            return int(self._model.eos_id())
        return self._size + self.names.index(name)

    def is_text_token(self, id: int) -> bool:
        """See ``Tokenizer``."""
        return id < self._size and not self._model.is_control(id)

    def _text(self, ids: list[int]) -> str:
        text: str = self._model.decode(ids) if ids else ""
        return text

    def _name(self, id: int) -> str:
        """Return a special token's name; the last ids of the table, which fill it up, have none."""
        place = id - self._size
        return self.names[place] if place < len(self.names) else ""


def load_tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    """Load the tokenizer beside a checkpoint of the first three generations."""
    if checkpoint.generation is not Generation.FIRST:
        return ChatGLM2Tokenizer(checkpoint.directory / "tokenizer.model")
    file = checkpoint.directory / "tokenizer_config.json"
    told = read_json(file) if file.is_file() else {}
    return ChatGLM1Tokenizer(
        checkpoint.directory / "ice_text.model", int(told.get("num_image_tokens", 20_000))
    )


def _processor(path: Path) -> SentencePieceProcessor:
    if not path.is_file():
        raise SetupError(
            tr("The checkpoint {path} is incomplete: {files} missing.").format(
                path=path.parent, files=path.name
            ),
            tr("download the missing files"),
        )
    try:
        return SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, OSError) as error:
        raise damaged(path) from error
