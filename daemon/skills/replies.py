"""What is said when an intent has been carried out, in English or Chinese."""

from datetime import datetime

from daemon.skills import say_en, say_zh
from daemon.skills.outcomes import Outcome


def reply(outcome: Outcome, language: str, now: datetime) -> str:
    """Return what is to be spoken; ``language`` is that of the words it answers.

    ``now`` has the zone of the person.
    """
    return say_zh.sentence(outcome, now) if language == "zh" else say_en.sentence(outcome, now)
