"""The first words of a double: asked of its brain, filmed with its voice and face."""

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.console import err, out
from daemon.i18n import language as system
from daemon.i18n import tr
from daemon.signals import run_until_signal
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.doubles.store import Double

QUESTIONS = {"en": "Hello! How are you today?", "zh": "你好！你今天怎么样？"}


def film_first_words(double: "Double", path: Path, settings: "Settings") -> None:
    """Film how a double answers its first question."""
    from daemon.brain.sentences import sentences_of
    from daemon.commands.speaking import speak
    from daemon.dialogue.personas import find_persona, with_persona
    from daemon.languages.guess import language_of

    settings = with_persona(settings, find_persona(double.name, settings))
    question = QUESTIONS[system()]
    with err.status(tr("Answering…")):
        answer = _answer(question, settings)
    out.print(f"{question}\n{double.name}: {answer}", markup=False)
    run_until_signal(speak(sentences_of(answer, language_of(answer)), path, settings))
    out.print(f"→ {path}", markup=False)


def _answer(question: str, settings: "Settings") -> str:
    from daemon.brain.history import History
    from daemon.brain.style import load_style
    from daemon.commands.live import loaded_brain

    brain = loaded_brain(settings)
    try:
        history = History(settings.brain.persona, brain, settings.brain.max_reply_tokens)
        history.style = load_style(settings.brain.style)
        return "".join(brain.reply(history.messages(question), CancelToken())).strip()
    finally:
        brain.close()
