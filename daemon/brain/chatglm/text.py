"""From tokens to text that can be shown while the answer is still being made."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from daemon.brain.chatglm.checkpoint import Generation

BROKEN = "\N{REPLACEMENT CHARACTER}"
MARK = "[[训练时间]]"  # they were taught to write this for the year they were trained in
YEAR = "2023年"
PUNCTUATION = {",": "，", "!": "！", ":": "：", ";": "；", "?": "？"}
BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])[,!:;?]|[,!:;?](?=[\u4e00-\u9fff])")


def whole_characters(
    tokens: Iterable[int], decode: Callable[[Sequence[int]], str]
) -> Iterator[str]:
    """Yield the text of tokens in pieces of whole characters.

    A character may take several tokens; what is never completed is dropped. Each piece is the
    difference that the newest tokens make to the text of a few: only so are the blanks between
    words right, and long answers cost no more per token than short ones.
    """
    pending: list[int] = []
    shown = 0  # how many of them have been told before, and only give the newest their context
    for token in tokens:
        pending.append(token)
        text = decode(pending)
        if text.endswith(BROKEN):
            continue
        if piece := text[len(decode(pending[:shown])) :].replace(BROKEN, ""):
            yield piece
        pending = pending[shown:]
        shown = len(pending)


def cleaned(text: str, generation: Generation) -> str:
    """Return an answer as the authors' own programs show it."""
    if generation is Generation.GLM:
        return text.strip()
    text = text.strip().replace(MARK, YEAR)
    return _chinese_punctuation(text) if generation is Generation.FIRST else text


def _chinese_punctuation(text: str) -> str:
    """Beside a Chinese character punctuation is full-width; the first generation writes it half."""
    return BETWEEN.sub(lambda mark: PUNCTUATION[mark[0]], text)


def cleaned_pieces(pieces: Iterable[str], generation: Generation) -> Iterator[str]:
    """Yield an answer piece by piece so that all together is ``cleaned``.

    What the next character may still change is held back: blanks, punctuation, half a mark.
    """
    waiting, before = "", ""  # the character before decides how punctuation behind it looks
    for piece in pieces:
        waiting += piece if before else (waiting + piece).lstrip()[len(waiting) :]
        end = _settled(waiting)
        if end:
            settled, waiting = waiting[:end], waiting[end:]
            shown = _shown(before, settled, generation)
            yield shown
            before = shown[-1]
    if rest := waiting.rstrip():
        yield _shown(before, rest, generation)


def _shown(before: str, text: str, generation: Generation) -> str:
    if generation is Generation.GLM:
        return text
    text = text.replace(MARK, YEAR)
    if generation is Generation.FIRST:
        return _chinese_punctuation(before + text)[len(before) :]
    return text


def _settled(text: str) -> int:
    """Return how much of a text no later character changes."""
    end = len(text)
    for start in range(max(0, end - len(MARK) + 1), end):
        if MARK.startswith(text[start:]):
            end = start
            break
    while end and (text[end - 1].isspace() or text[end - 1] in PUNCTUATION):
        end -= 1
    return end
