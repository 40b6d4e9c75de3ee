"""A typed question, or a text to be said, and whoever waits for how it went."""

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpokenResult:
    """How it went."""

    text: str
    """What was heard of the answer."""
    whole: bool
    """It was heard to its end; else somebody interrupted it."""


@dataclass(frozen=True, slots=True, eq=False)
class PendingRequest:
    """Belongs to the event loop's thread; only the first of its ends counts."""

    future: "asyncio.Future[SpokenResult]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def end(self, text: str, whole: bool) -> None:
        """Tell what was heard."""
        if not self.future.done():
            self.future.set_result(SpokenResult(text, whole))

    def fail(self, error: Exception) -> None:
        """Tell that a part failed."""
        if not self.future.done():
            self.future.set_exception(error)
