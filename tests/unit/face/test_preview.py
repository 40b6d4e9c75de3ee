"""The pictures for those who look."""

import asyncio
import io
from contextlib import aclosing

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from daemon.face.preview import Preview, with_comment

RED = np.full((72, 128, 3), (200, 30, 30), np.uint8)


def test_nobody_looks_and_nothing_is_made() -> None:
    shown = Preview()
    shown.offer(RED)
    assert not shown.due


def test_who_looks_gets_pictures_in_their_colours() -> None:
    async def main() -> None:
        shown = Preview()
        async with aclosing(shown.pictures()) as pictures:
            coming = asyncio.ensure_future(anext(pictures))
            await shown.asked.wait()
            shown.offer(RED)
            image = cv2.imdecode(np.frombuffer(await coming, np.uint8), cv2.IMREAD_COLOR_RGB)
            assert image is not None
            assert np.abs(image.mean((0, 1)) - (200, 30, 30)).max() < 6
        assert not shown.watched

    asyncio.run(main())


def test_somebody_else_may_want_pictures_too() -> None:
    async def main() -> None:
        shown = Preview()
        shown.film(lambda _picture, _moment: None)
        assert shown.watched and not shown.due
        async with aclosing(shown.pictures()) as pictures:
            coming = asyncio.ensure_future(anext(pictures))
            await asyncio.sleep(0)
            shown.film(None)
            assert shown.watched, "somebody looks"
            shown.film(lambda _picture, _moment: None)
            shown.offer(RED)
            await coming
        assert shown.watched
        shown.film(None)
        assert not shown.watched

    asyncio.run(main())


@pytest.mark.parametrize("comment", ["", "Synthetic video with the face “ann”.", "x" * 70_000])
def test_a_picture_says_what_it_must(comment: str) -> None:
    _, jpeg = cv2.imencode(".jpg", RED)
    said = with_comment(jpeg.tobytes(), comment)
    with Pillow.open(io.BytesIO(said)) as picture:
        picture.load()
        assert picture.info.get("comment", b"").decode() == comment[:65_533]
        assert "jfif" in picture.info
    assert with_comment(b"\xff\xd8\xff\xdb", "a") == b"\xff\xd8\xff\xfe\x00\x03a\xff\xdb"


def test_ten_pictures_a_second_at_the_cameras_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    async def main() -> int:
        shown, made = Preview(), 0
        async with aclosing(shown.pictures()) as pictures:
            coming = asyncio.ensure_future(anext(pictures))
            await shown.asked.wait()
            for tick in range(100):  # four seconds at 25 a second
                now[0] = 1000 + tick / 25
                made += shown.due
                shown.offer(RED)
            await coming
        return made

    assert 39 <= asyncio.run(main()) <= 41


def test_it_ends_with_the_screen() -> None:
    async def main() -> None:
        shown = Preview()

        async def look() -> list[bytes]:
            return [picture async for picture in shown.pictures()]

        looking = asyncio.create_task(look())
        await shown.asked.wait()
        shown.close()
        assert await asyncio.wait_for(looking, 300) == []

    asyncio.run(main())
