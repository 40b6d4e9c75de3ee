"""The conversation under way: when it began, what it recalls, and where it is kept."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping

from daemon.brain.here_and_now import whereabouts, zone_name
from daemon.config import Settings
from daemon.dialogue.parts import Parts
from daemon.dialogue.state import Phase
from daemon.errors import DigitalLifeError
from daemon.events import StateChanged
from daemon.i18n import tr
from daemon.media import Message, Tool
from daemon.memory.conversation_memory import ConversationMemory
from daemon.memory.recall import CONTEXT_SHARE, Recallable, recalled
from daemon.memory.recollection import Recalled
from daemon.people.person import Person
from daemon.stages import ChatModel, ReadsAhead, ToolUser
from daemon.worker import CancelToken, Worker

PAUSE_S = 3600.0  # of silence, after which a kept conversation is over: what follows is another
DAY_S = 86_400.0  # how often what has become too old is forgotten
LANGUAGES_AHEAD = 2  # in so many the time is read before a question: 30 tokens each
POLL_INTERVAL_S = 5.0  # how often it is seen whether one of these has passed

log = logging.getLogger(__name__)


class Chat:
    """Belongs to the event loop's thread, where ``begin`` comes first."""

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        memory: ConversationMemory,
        clock: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        """``clock`` tells seconds, those in which the computer sleeps, too."""
        self._clock = clock
        brain = settings.brain
        self.memory = memory
        self.history = parts.history
        self.history.persona, self.history.keep = brain.persona, self._committed
        self._model, self._thinking = parts.chat_model, parts.thinking
        self._max_reply_tokens = brain.max_reply_tokens
        self._place = settings.dialogue.place
        self.cannot_call = False
        """Whether there are tools, and a model that calls none."""
        self._persona = ""
        self._left_out = ""  # what was said to have something forgotten
        self._read = brain.persona  # what the model has read ahead
        self._silent_since: float | None = None  # while there is a conversation that may end
        self._expired = 0.0, 0  # when it was last seen to, and for how many days
        self._reading: asyncio.Task[None] | None = None
        self._newest_read: list[list[Message]] = []  # the prompts that were read ahead last

    async def begin(self, persona: str) -> None:
        """Begin anew: what was said before is in the prompt no more, but for what is recalled.

        ``persona`` is who answers. The model begins to read the new prompt before anybody waits.
        """
        self.history.clear()
        self.move_to(self._place)
        self._persona, self._silent_since = persona, None
        self._expired = self._clock(), self.memory.settings.days
        self.memory.begin(persona)
        await self.recall()

    def move_to(self, place: str) -> None:
        """Tell the model that it is in ``place``, and in which time zone that is now."""
        self._place = place
        self.history.whereabouts = whereabouts(place, zone_name())

    async def recall(self) -> None:
        """Look again at what is to be recalled."""
        known = await self.memory.recallable()
        try:
            self.history.recalled = await self._thinking.run(self._chosen, known)
        except DigitalLifeError as error:  # the first question meets it again, and says so
            log.debug("nothing is recalled: %s", error)
        if self.history.system != self._read:
            self._read = self.history.system
            self._read_soon()

    async def offer(self, tools: tuple[Tool, ...]) -> None:
        """Tell the model what it may call from the next question on."""
        if isinstance(self._model, ToolUser):
            self._model.tools = tools
            self._read = ""  # the prompt begins otherwise now
            await self.recall()
        elif tools and not self.cannot_call:
            log.warning("%s", tr("This brain calls no tools: set llamacpp or openai as its kind."))
        self.cannot_call = bool(tools) and not isinstance(self._model, ToolUser)

    def use(self, model: ChatModel, thinking: Worker) -> None:
        """Have another model of the same kind, on its own thread, go on with the conversation."""
        if isinstance(model, ToolUser) and isinstance(self._model, ToolUser):
            model.tools = self._model.tools
        self._model, self._thinking = model, thinking
        self.history.model = model
        self._read_soon()

    async def close(self) -> None:
        """Begin nothing any more, and put on the disk what is to be kept."""
        if self._reading is not None:
            self._reading.cancel()
        await self.memory.close()

    def _chosen(
        self, known: Mapping[int | None, Recallable], cancel: CancelToken
    ) -> dict[int | None, str]:
        persona, count = self.history.persona, self._model.count_tokens
        most = (self._model.context_tokens - self._max_reply_tokens) // CONTEXT_SHARE
        budget = min(self.memory.settings.recall_tokens, most)
        plain = count([Message("system", persona)])

        def fits(text: str) -> bool:
            cancel.check()
            return count([Message("system", f"{persona}\n\n{text}")]) - plain <= budget

        return {person: recalled(theirs, fits) for person, theirs in known.items()}

    async def forget(self, told: Collection[Recalled], said: str) -> None:
        """Forget what was told, here and in the file, and do not keep ``said``, which asks for it.

        Raises ``StorageError``.
        """
        self._left_out = said.strip()
        gone = await self.memory.forget(told)
        self.history.drop({*(text.strip() for text in gone), *(one.text for one in told)})
        await self.recall()

    def follow(self, change: StateChanged) -> None:
        """Once somebody speaks, have the model read what has changed: the time before the question.

        Of a question that comes a minute later, and in another language, that is half of all that
        would be left to read.
        """
        if change.state == Phase.HEARING.value:
            self._read_soon(changed=True)

    def _read_soon(self, changed: bool = False) -> None:
        """Have the model read what the next question will follow, while nobody waits for it.

        ``changed``: only if that is something else than what it read last.

        What was heard is seldom to the letter what the model wrote: it may have been interrupted,
        marks for the eye are not spoken, and what tools said is left out. From the first
        difference on it has to be read anew.
        """
        model = self._model
        if not isinstance(model, ReadsAhead):
            return
        count = LANGUAGES_AHEAD if model.keeps_branches else 1

        def read_ahead(cancel: CancelToken) -> None:
            codes = self.history.likely_languages[:count]
            prompts = [self.history.expected(code) for code in reversed(codes)]
            if changed and prompts == self._newest_read:
                return
            self._newest_read = []
            for prompt in prompts:
                model.read(prompt, cancel)
                cancel.check()
            self._newest_read = prompts

        async def read() -> None:
            try:
                await self._thinking.run(read_ahead)
            except Exception as error:  # the next answer will meet it again, and say so
                log.debug("the prompt was not read ahead: %s", error)

        if self._reading is not None:
            self._reading.cancel()
        self._reading = asyncio.ensure_future(read())

    def _committed(self, question: str, heard: str, person: Person | None) -> None:
        left_out, self._left_out = self._left_out, ""
        if question != left_out:
            self.memory.keep(question, heard, person.number if person is not None else None)
        self._read_soon()
        self._silent_since = self._clock() if self.memory.settings.keep else None

    async def watch(self) -> None:
        """End the conversation after an hour of silence, and forget daily; until cancelled."""
        while True:
            await self.memory.prepare()
            await asyncio.sleep(POLL_INTERVAL_S)
            try:
                await self._poll()
            except Exception as error:  # the next question meets it again, and says so
                log.error("%s", error)

    async def _poll(self) -> None:
        now, days = self._clock(), self.memory.settings.days
        if self._silent_since is not None and now - self._silent_since >= PAUSE_S:
            await self.begin_again()
        then, before = self._expired
        if now - then >= DAY_S or days != before:
            self._expired = now, days
            if await self.memory.expire():
                await self.recall()

    async def begin_again(self) -> None:
        """Begin another conversation with the same one."""
        await self.begin(self._persona)
