"""What a conversation is held with."""

from dataclasses import dataclass

from daemon.brain.history import History
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.voice_commands import VoiceCommand
from daemon.stages import ChatModel, LipSync, Recognizer, Synthesizer, Tools
from daemon.worker import Worker


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
    voice_command: VoiceCommand = lambda said: None
