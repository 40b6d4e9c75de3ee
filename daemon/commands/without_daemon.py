"""Answers what needs neither a model nor a daemon: timers, alarms, reminders, lists, the time."""

from daemon.api.client import Client, NotRunning
from daemon.media import Transcript
from daemon.skills.book import SkillBook
from daemon.skills.skills import Skills
from daemon.skills.store import skills_path
from daemon.worker import Worker


def daemon_runs() -> bool:
    """Whether a daemon of this user answers, which lets ring what is set here."""
    try:
        Client()
    except NotRunning:
        return False
    return True


async def answer_by_skill(question: str) -> str | None:
    """Carry out what was typed, and return what is said of it; ``None`` if no skill can."""
    worker = Worker("skills")
    skills = Skills(SkillBook(worker, skills_path()))
    try:
        await skills.book.refresh()
        plan = skills.plan(Transcript(question, ""))
        if plan is None or plan.needs_assistant:
            return None
        return await plan.carry_out()
    finally:
        await skills.close()
        await worker.close()
