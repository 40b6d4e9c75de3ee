"""The card on the picture follows what is set and what rings."""

import asyncio
from pathlib import Path

from daemon.bus import Bus
from daemon.face.timer_card import TimerCard
from daemon.shown_timers import show_timers
from daemon.skills.book import SkillBook
from daemon.skills.ringing import Ringer
from daemon.worker import Worker
from tests.skill_daemon import QuietConversation


def test_it_shows_what_is_set_what_rings_and_nothing_any_more(tmp_path: Path) -> None:
    async def main() -> None:
        bus, card, worker = Bus(), TimerCard(), Worker("skills")
        book = SkillBook(worker, tmp_path / "skills.db", bus.publish)
        ringer = Ringer(book, QuietConversation(), bus.publish)
        await book.change(lambda store: store.timers.add_timer(60, "pasta"))
        end = show_timers(book, card, bus)
        (pasta,) = card.entries
        assert (pasta.kind, pasta.name, pasta.length_s, pasta.ringing) == (
            "timer", "pasta", 60, False,
        )  # fmt: skip
        await book.change(lambda store: store.timers.add_timer(90, "eggs"))
        assert [entry.name for entry in card.entries] == ["pasta", "eggs"]
        await ringer.ring(book.entries[:1])
        assert [entry.ringing for entry in card.entries] == [True, False]
        await ringer.dismiss()
        assert [entry.name for entry in card.entries] == ["eggs"]
        await ringer.ring(book.entries)
        await ringer.miss(ringer.ringing, rang=True)
        assert card.entries == ()
        end()
        await book.change(lambda store: store.timers.add_timer(60, "tea"))
        assert card.entries == (), "nobody follows any more"
        await book.close()
        await worker.close()

    asyncio.run(main())
