"""What was said in earlier conversations, for a question in this one."""

from daemon.brain.history import History
from daemon.dialogue.parts import Recollect
from daemon.memory.conversation_memory import ConversationMemory
from daemon.people.person import Person


def recollects(history: History, memory: ConversationMemory) -> Recollect:
    """Return what finds the line that answers a question; ``history`` has what need not be told."""

    async def recollect(question: str, asker: Person | None, code: str) -> str:
        known = [asked for asked, _ in history.turns]
        number = asker.number if asker is not None else None
        return await memory.recollect(question, number, known, code)

    return recollect
