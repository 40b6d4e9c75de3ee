"""The parts of a daemon that listens, for those who look at them or change them."""

import time
from dataclasses import dataclass

from daemon.audio.device_monitor import AudioDevices
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.microphone import Microphone
from daemon.bus import Bus
from daemon.components import Components
from daemon.dialogue.chat import Chat
from daemon.dialogue.mute import Mute
from daemon.dialogue.parts import Parts
from daemon.dialogue.session import Session
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.ears.listen_mode import ListenGate, PushToTalk
from daemon.events import Forgotten, NewConversation, PeopleChanged
from daemon.face.streamer import FaceStreamer
from daemon.memory.store import MemoryStore
from daemon.remote.standby import OnServer, SpeechServerStatus
from daemon.skills.ringing import Ringer
from daemon.skills.scheduler import Scheduler
from daemon.skills.skills import Skills
from daemon.tools.toolbox import Toolbox

MAX_SILENT_MICROPHONE_S = 2.0  # a microphone whose device has not called for so long is dead
MAX_FROZEN_CAMERA_S = 10.0  # and a camera's thread: opening a lost camera again is tried every 5 s


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that listens."""

    components: Components
    session: Session
    chat: Chat
    parts: Parts
    microphone: Microphone
    loudspeaker: Loudspeaker
    sound: AudioDevices
    screen: FaceStreamer | None
    mute: Mute
    bus: Bus
    tools: Toolbox
    skills: Skills
    speakers: SpeakerIdentification
    scheduler: Scheduler
    listen_gate: ListenGate
    push_to_talk: PushToTalk | None
    """There while it listens only when that is held."""

    @property
    def ringer(self) -> Ringer:
        """What lets timers, alarms and reminders ring."""
        return self.scheduler.ringer

    async def begin_again(self) -> None:
        """Begin a new conversation, in which nothing of the one before is known."""
        self.session.forget()
        await self.chat.begin_again()
        self.bus.publish(NewConversation())

    async def forget_person(self, number: int) -> None:
        """Forget everything of somebody: their voice, what was kept of them, the conversation.

        Raises ``InputError`` if there is no such person, and ``StorageError``; then they are still
        known, so that it can be tried again.
        """
        people, memory = self.components.people, self.chat.memory
        people.get(number)
        self.session.forget()  # what is being said would be kept when it ends
        await memory.query(MemoryStore.forget_person, 0, number)
        await self.components.shared_worker("people").run(lambda _: people.remove(number))
        await self.begin_again()
        self.bus.publish(PeopleChanged())
        self.bus.publish(Forgotten(everything=False))

    def servers(self) -> list[SpeechServerStatus]:
        """Tell how the servers are that hear or speak in the place of this machine."""
        parts = self.session.parts
        return [
            part.server
            for part in (parts.recognizer, parts.synthesizer)
            if isinstance(part, OnServer)
        ]

    def degraded(self) -> list[str]:
        """Name what does not work at the moment, while the rest goes on."""
        conversion = self.session.parts.conversion
        found = {
            "sound": self.sound.lost,
            "memory": self.chat.memory.failed,
            "skills": self.skills.book.failed,
            "camera": self.screen is not None and self.screen.connection.degraded,
            "voice": conversion is not None and conversion.failed,
            "people": self.speakers.failed,
            "tools": self.tools.failed or self.chat.cannot_call,
        }
        failed = [name for name, has_failed in found.items() if has_failed]
        return failed + [f"{server.part} server" for server in self.servers() if not server.in_use]

    def unhealthy_component(self) -> str:
        """Name what shows no sign of life; empty while all is well."""
        now = time.monotonic()
        if now - self.microphone.called > MAX_SILENT_MICROPHONE_S:
            return "microphone"
        if self.screen is not None and now - self.screen.ticked > MAX_FROZEN_CAMERA_S:
            return "camera"
        return ""
