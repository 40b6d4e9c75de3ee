"""What a conversation is held with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from daemon.brain.history import History
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.introductions import Introductions
from daemon.dialogue.openers import Openers
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.voice_commands import VoiceCommand
from daemon.people.person import Person
from daemon.skills.skills import Skills
from daemon.stages import ChatModel, LipSync, Recognizer, Synthesizer, Tools
from daemon.worker import Worker

Recollect = Callable[[str, Person | None, str], Awaitable[str]]
"""Returns, for a question, who asks it and its language, a line for the prompt; "" for nothing."""


class ThinkingParts(Protocol):
    """What the words of an answer are made with."""

    @property
    def chat_model(self) -> ChatModel:
        """The brain."""

    @property
    def thinking(self) -> Worker:
        """The brain's thread."""

    @property
    def history(self) -> History:
        """What the brain is told."""

    @property
    def tools(self) -> Tools | None:
        """What calls tools, if any may be called."""

    @property
    def openers(self) -> Openers | None:
        """What is known of openers, where answers may begin with one."""

    @property
    def recollect(self) -> Recollect:
        """What finds what was said earlier that answers a question."""


async def recollect_nothing(_question: str, _asker: Person | None, _language: str) -> str:
    """Where nothing is kept: return ""."""
    return ""


@dataclass(frozen=True, slots=True)
class Parts:
    """The models and the thread of each, and what is remembered."""

    recognizer: Recognizer
    chat_model: ChatModel
    synthesizer: Synthesizer
    conversion: Conversion | None
    lip_sync: LipSync | None
    hearing: Worker
    thinking: Worker
    speaking: Worker
    drawing: Worker
    history: History
    tools: Tools | None = None
    voice_command: VoiceCommand = lambda _said, _speaker: None
    skills: Skills | None = None
    openers: Openers | None = None
    speakers: SpeakerIdentification | None = None
    introductions: Introductions | None = None
    recollect: Recollect = recollect_nothing
