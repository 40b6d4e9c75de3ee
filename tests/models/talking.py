"""A conversation with a brain in this process."""

from daemon.brain.history import History
from daemon.brain.local_model import LocalModel
from daemon.worker import CancelToken

PERSONA = (
    "You are Digital Life, a warm and lively companion talking aloud with a person. "
    "Answer in the language of the last question, in one to three short spoken sentences."
)
STORY = "Tell me a very long story about a dragon, at least five hundred words."


def ask(model: LocalModel, *questions: str) -> str:
    """Ask one after another in one conversation; return the last answer."""
    history = History(PERSONA, model, 60)
    answer = ""
    for question in questions:
        answer = "".join(model.reply(history.messages(question), CancelToken()))
        history.commit(question, answer)
    return answer
