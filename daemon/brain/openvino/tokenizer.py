"""The tokenizer that a GGUF file describes: byte-level BPE, as GPT-2, Llama 3 and Qwen have it.

Texts are split as llama.cpp splits them (``llama-vocab.cpp``): by the expression that belongs to
the file's ``tokenizer.ggml.pre``. SentencePiece's tokenizers are left to llama.cpp.
"""

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from daemon.brain.openvino.gguf_file import HeaderValue
from daemon.media import JsonObject

Header = Callable[[str], HeaderValue]
"""Returns the value of a key, None if there is none."""
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_LLAMA3 = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPLITS = {
    "qwen2": (_LLAMA3.replace("{1,3}", ""),),
    "llama-bpe": (_LLAMA3,),
    "llama3": (_LLAMA3,),
    "smollm": (r"\p{N}", _GPT2),
    "gpt-2": (_GPT2,),
}
SPLITS = frozenset(_SPLITS)
"""The values of ``tokenizer.ggml.pre`` that are known."""
CONTROL, USER_DEFINED = 3, 4  # of tokenizer.ggml.token_type
# Other tokens than the end that the file names after which a model has nothing more to say.
_ENDS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>")


_LINE_BREAK = "\u010a"  # as GPT-2 writes the byte
_KEYS = {"unk": "unknown", "pad": "padding"}


def write_tokenizer(header: Header, path: Path) -> None:
    """Write a GGUF's tokenizer as the library reads it; ``header`` gives values by keys."""
    tokens = header("tokenizer.ggml.tokens")
    kinds = header("tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ")) for merge in header("tokenizer.ggml.merges")]
    pre = header("tokenizer.ggml.pre")
    model = models.BPE(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=merges,
        ignore_merges=pre in ("llama-bpe", "llama3"),
    )
    tokenizer = Tokenizer(model)
    splits = [pre_tokenizers.Split(Regex(each), "isolated") for each in _SPLITS[pre]]
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind in (CONTROL, USER_DEFINED)
        ]
    )
    tokenizer.save(str(path), pretty=False)


def describe_tokenizer(header: Header) -> JsonObject:
    """Return what ``Vocabulary`` needs to know beside the tokenizer."""
    tokens = header("tokenizer.ggml.tokens")
    kinds = header("tokenizer.ggml.token_type")
    begin = (
        header("tokenizer.ggml.bos_token_id") if header("tokenizer.ggml.add_bos_token") else None
    )
    end = header("tokenizer.ggml.eos_token_id")
    control = [number for number, kind in enumerate(kinds) if kind == CONTROL]
    ends = {number for number in control if tokens[number] in _ENDS}
    breaks = [
        number
        for number, token in enumerate(tokens)
        if _LINE_BREAK in token and kinds[number] != CONTROL
    ]
    texts = {
        f"{name}_token": tokens[number]
        for name in ("bos", "eos", "unk", "pad")
        if (number := header(f"tokenizer.ggml.{_KEYS.get(name, name)}_token_id")) is not None
    }
    return {
        "begin": begin,
        "ends": sorted(ends | {end}),
        "control": control,
        "line_breaks": breaks,
        "texts": {"bos_token": "", "eos_token": "", **texts},
    }


class Vocabulary:
    """Text to tokens and back."""

    def __init__(self, path: Path, told: JsonObject) -> None:
        """Read what ``write_tokenizer`` wrote and ``describe_tokenizer`` told."""
        self.file = path
        self._tokenizer = Tokenizer.from_file(str(path))
        self._begin: int | None = told["begin"]
        self.ends = frozenset(told["ends"])
        """Tokens after which an answer is over."""
        self._control = frozenset(told["control"])

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a prompt; special ones are what they say."""
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        if self._begin is not None and found[:1] != [self._begin]:
            found.insert(0, self._begin)
        return found

    def word_tokens(self, text: str) -> list[int]:
        """Return the tokens of a text that does not begin a prompt."""
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def bytes_of(self, token: int) -> bytes:
        """Return what a token stands for in a text: none for those of control."""
        written = None if token in self._control else self._tokenizer.id_to_token(token)
        if written is None:
            return b""
        alphabet = self._alphabet
        if all(character in alphabet for character in written):
            return bytes(alphabet[character] for character in written)
        return written.encode()

    def piece(self, token: int) -> str:
        """Return its text; half a character is none."""
        return self.bytes_of(token).decode(errors="ignore")

    @cached_property
    def _alphabet(self) -> dict[str, int]:
        """Return which byte each character of a token stands for.

        GPT-2 writes printable bytes as themselves and the others, in their order, from U+0100 on.
        """
        printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
        others = [byte for byte in range(0x100) if byte not in set(printable)]
        return {
            **{chr(byte): byte for byte in printable},
            **{chr(0x100 + number): byte for number, byte in enumerate(others)},
        }


def read_description(path: Path) -> JsonObject:
    """Return what was written beside the tokenizer; ``OSError`` or ``ValueError`` if it is none."""
    found: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    return found
