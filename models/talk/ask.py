"""Let the untouched model answer ordinary questions.

    python -m models.talk.ask MODEL.gguf OUT.jsonl

What is taught with its answers is what the model says anyway, so that nothing is unlearnt. An
answer that is in the wrong language, written and not spoken, or about the model, is left out. Of
the others a reader kept what is right, not a third: that is answers.jsonl.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from daemon.brain.llamacpp import LlamaCpp
from daemon.media import Message
from daemon.worker import CancelToken
from models.talk.prompts import DEFAULT
from models.talk.wording import CHINESE, LANGUAGES, load

MAX_REPLY_TOKENS = 80
MAX_SENTENCES = 3
MAX_CHARS = {"en": 260, "zh": 90}
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|[。！？])", re.DOTALL)
_WRITTEN = re.compile(r"[*#`|_\n\\]|https?:|\d\.\s|^\s*-|[：:]\s*$")
_CONFUSED = re.compile(r"\b(?:I am|I'm|I have|I live|I was|my|My|me|sorry|AI)\b|我|抱歉|很遗憾")


def questions() -> list[tuple[str, str]]:
    """Return every question with its language, "en" or "zh"."""
    groups = cast(dict[str, list[dict[str, list[str]]]], load("questions"))
    return [
        (language, pattern.replace("{}", topic))
        for language in LANGUAGES
        for group in groups[language]
        for pattern in group["patterns"]
        for topic in group["topics"]
    ]


def shortened(language: str, answer: str) -> str:
    """Return the first sentences of an answer, "" if they would not do spoken aloud."""
    sentences = _SENTENCE.findall(answer)[:MAX_SENTENCES]
    while sentences and len("".join(sentences)) > MAX_CHARS[language]:
        sentences.pop()
    text = "".join(sentences).strip()
    chinese = len(CHINESE.findall(text)) / max(1, len(text))
    right = chinese > 0.5 if language == "zh" else chinese == 0
    return text if right and not _WRITTEN.search(text) and not _CONFUSED.search(text) else ""


def answers(path: Path) -> Iterator[dict[str, str]]:
    """Ask the model everything, and yield what it answers well enough to be read."""
    model = LlamaCpp(
        path,
        context_tokens=1024,
        max_reply_tokens=MAX_REPLY_TOKENS,
        temperature=0.3,
        top_p=0.9,
        system_prompt=DEFAULT,
    )
    try:
        for language, question in questions():
            prompt = [Message("system", DEFAULT), Message("user", question)]
            said = shortened(language, "".join(model.reply(prompt, CancelToken())))
            if said:
                yield {"language": language, "question": question, "answer": said}
    finally:
        model.close()


def main() -> None:
    """Write the answers, one a line, as they come."""
    with Path(sys.argv[2]).open("w", encoding="utf-8") as file:
        for one in answers(Path(sys.argv[1])):
            file.write(json.dumps(one, ensure_ascii=False) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
