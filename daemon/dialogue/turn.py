"""Whether an answer may be heard: ears and brain have to agree that somebody has finished."""

import asyncio

# People stop for up to a second in the middle of a sentence; who goes on is noticed 0.4 s later.
PATIENCE_S = 1.6


class TurnGate:
    """The ears hear that somebody has finished; what they said may yet ask to go on.

    In the middle of a sentence they are given until ``PATIENCE_S`` after their last sound.
    """

    def __init__(self, speech_end: float, *, ended: bool, spoken: bool) -> None:
        """``speech_end`` is the event loop's time; ``ended``: the ears are sure already.

        What was not ``spoken`` is complete.
        """
        self._deadline = speech_end + PATIENCE_S
        self._ended = asyncio.Event()
        self._weighed = asyncio.Event()
        self._complete = True
        if ended:
            self._ended.set()
        if not spoken:
            self._weighed.set()

    @property
    def weighed(self) -> bool:
        """Whether it is known if the words make a whole sentence."""
        return self._weighed.is_set()

    def set_endpoint(self) -> None:
        """Note that the ears are sure."""
        self._ended.set()

    def set_semantic_end(self, complete: bool) -> None:
        """Note whether the words make a whole sentence."""
        self._complete = complete
        self._weighed.set()

    async def wait_endpoint(self) -> None:
        """Wait until the ears are sure."""
        await self._ended.wait()

    async def wait(self) -> None:
        """Wait until the answer may be heard, and tools may be called for it."""
        await self._ended.wait()
        await self._weighed.wait()
        if not self._complete:
            await asyncio.sleep(self._deadline - asyncio.get_running_loop().time())
