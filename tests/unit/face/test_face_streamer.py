import asyncio
import time
from contextlib import aclosing

import numpy as np
import pytest

from daemon.errors import DeviceError
from daemon.expression import Attitude, Cue, Pose
from daemon.face.card import camera_off
from daemon.face.film import Film
from daemon.face.streamer import AHEAD, FaceStreamer
from daemon.face.timer_card import CardEntry
from daemon.media import SPEAK_RATE, FaceFrame, Image, Mouth
from tests.fakes import FakeFace, FakePart, VirtualWorker
from tests.virtual_time import run_virtual

FRAME = SPEAK_RATE // 25


class Drawn(FakeFace):
    """Keeps what it was asked to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[int, float | None]] = []

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        self.drawn.append((tick, None if mouth is None else float(mouth[0])))
        return super().picture(tick, mouth)


class FakeCamera(FakePart):
    def __init__(self, fails_after: int = 10**9) -> None:
        self.shown: list[Image] = []
        self.left = fails_after
        self.closed = False
        self.seen = True

    def show(self, image: Image) -> None:
        self.shown.append(image)
        self.left -= 1
        if self.left < 0:
            raise DeviceError("the camera has gone")

    def watched(self) -> bool:
        return self.seen

    def close(self) -> None:
        self.closed = True


class Setup:
    def __init__(self, camera: FakeCamera | None = None) -> None:
        self.position = 0
        self.muted = False
        self.face = Drawn()
        self.cameras = [camera or FakeCamera(), FakeCamera()]
        self.screen = FaceStreamer(
            self.face,
            lambda: self.cameras[1],
            VirtualWorker(),
            self.cameras[0],
            lambda _: self.position,
            lambda: self.muted,
        )

    async def run_for(self, seconds: float) -> None:
        task = asyncio.create_task(self.screen.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])


def frame(number: int, turn: int = 1) -> FaceFrame:
    return FaceFrame(turn, number * FRAME, np.full(1, number, np.float32))


def test_it_ticks_at_the_faces_rate_and_rests_without_a_reply() -> None:
    setup = Setup()
    run_virtual(setup.run_for(1.0))
    assert [tick for tick, _ in setup.face.drawn] == list(range(25))
    assert {mouth for _, mouth in setup.face.drawn} == {None}


def test_the_face_is_told_what_the_speech_asks_for_and_no_cue_is_lost() -> None:
    """Those of mouths that are left out, because the camera is slower, come with the next."""

    async def main() -> None:
        setup = Setup()
        told: list[Cue | None] = []
        step = setup.screen.behaviour.step

        def watched(tick: int, cue: Cue | None = None) -> Pose:
            told.append(cue)
            return step(tick, cue)

        setup.screen.behaviour.step = watched  # type: ignore[method-assign]
        for number in range(6):
            cue = Cue(0.5, accent=0.8 if number == 3 else 0.0)
            await setup.screen.put(FaceFrame(1, number * FRAME, np.ones(1, np.float32), cue))
        running = asyncio.create_task(setup.screen.run())
        for position in (0, 2 * FRAME, 5 * FRAME, 5 * FRAME):
            setup.position = position
            await asyncio.sleep(1 / 25)
        running.cancel()
        await asyncio.wait([running])
        assert [cue.accent if cue else None for cue in told[:4]] == [None, 0.0, 0.8, None]

    run_virtual(main())


def test_a_camera_that_nobody_watches_gets_a_picture_a_second_until_somebody_comes() -> None:
    camera = FakeCamera()
    camera.seen = False
    setup = Setup(camera)

    async def main() -> None:
        task = asyncio.create_task(setup.screen.run())
        await asyncio.sleep(3.1)
        before = len(camera.shown)
        camera.seen = True
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.wait([task])
        assert before == 4
        assert len(camera.shown) - before > 10, "it is looked at twice a second"

    run_virtual(main())


def test_a_film_gets_every_picture_with_a_camera_or_without_and_its_moment() -> None:
    async def main() -> tuple[list[float], int]:
        setup = Setup()
        setup.cameras[0].seen = False
        setup.screen.connection.camera = None
        setup.screen._find_camera = setup.screen.preview.asked.wait  # type: ignore
        taken: list[float] = []
        screening = asyncio.create_task(setup.screen.run())
        await asyncio.sleep(3)
        wanted = [setup.screen.wanted]
        assert not setup.face.drawn
        setup.screen.preview.film(lambda _picture, moment: taken.append(moment))
        wanted.append(setup.screen.wanted)
        assert wanted == [False, True]
        await asyncio.sleep(2)
        setup.screen.preview.film(None)
        await asyncio.sleep(0.1)
        count = len(taken)
        await asyncio.sleep(2)
        screening.cancel()
        await asyncio.wait([screening])
        assert len(taken) == count
        return taken, len(setup.face.drawn)

    taken, drawn = run_virtual(main())
    assert len(taken) > 40
    assert drawn == len(taken)
    assert taken == sorted(taken)


def test_who_looks_is_told_that_a_real_face_is_synthetic() -> None:
    """In the file of each picture; a card without a face says nothing of one."""

    async def main() -> list[bytes]:
        setup = Setup()
        setup.face.statement = "Synthetic video with the face “ann”."
        seen = []
        screening = asyncio.create_task(setup.screen.run())
        async with aclosing(setup.screen.preview.pictures()) as pictures:
            for setup.muted in (False, True):
                seen.append(await anext(pictures))
        screening.cancel()
        await asyncio.wait([screening])
        return seen

    face, card = run_virtual(main())
    assert "Synthetic video with the face “ann”.".encode() in face
    assert b"Synthetic" not in card


def test_it_shows_the_mouth_nearest_to_the_moment() -> None:
    async def main() -> None:
        setup = Setup()
        for number in range(5):
            await setup.screen.put(frame(number))
        setup.screen._audible = lambda ahead_s: setup.position + int(ahead_s * SPEAK_RATE)
        for position, nearest in ((2 * FRAME + FRAME // 4, 2), (2.75 * FRAME, 3), (3 * FRAME, 3)):
            setup.position = int(position)
            shown = setup.screen.mouth()
            assert shown is not None and shown[0] == nearest

    run_virtual(main())


@pytest.mark.parametrize("drawing_s", [0.004, 0.03, 0.06])
def test_a_mouth_is_chosen_for_the_moment_at_which_its_picture_is_there(drawing_s: float) -> None:
    """Also where a busy processor makes drawing slow: not for when the drawing began."""

    class TimedCamera(FakeCamera):
        def __init__(self) -> None:
            super().__init__()
            self.late: list[float] = []

        def show(self, image: Image) -> None:
            super().show(image)
            mouth = setup.face.drawn[-1][1]
            if mouth is not None:
                self.late.append(asyncio.get_running_loop().time() * 25 - mouth)

    camera = TimedCamera()
    setup = Setup(camera)
    setup.screen._worker = VirtualWorker(takes_s=drawing_s)

    async def main() -> None:
        loop, number = asyncio.get_running_loop(), 0
        setup.screen._audible = lambda ahead_s: int((loop.time() + ahead_s) * SPEAK_RATE)
        showing = asyncio.create_task(setup.screen.run())
        while number < 200:
            await setup.screen.put(frame(number))
            number += 1
        showing.cancel()
        await asyncio.wait([showing])

    run_virtual(main())
    assert len(camera.late) > 50
    late = camera.late[20:]
    assert all(abs(frames) <= 0.55 for frames in late), "never further off than half a frame"


def test_it_holds_a_mouth_for_a_fifth_of_a_second_at_most() -> None:
    async def main() -> None:
        setup = Setup()
        await setup.screen.put(frame(0))
        setup.position = SPEAK_RATE // 5
        assert setup.screen.mouth() is not None
        setup.position += 1
        assert setup.screen.mouth() is None

    run_virtual(main())


def test_the_mouth_of_a_second_reply_waits_for_its_sound() -> None:
    async def main() -> None:
        setup = Setup()
        setup.position = 90 * FRAME  # the end of the first reply
        assert setup.screen.mouth() is None
        setup.position = 0  # the second begins, and its sound is on its way to the loudspeaker
        await setup.screen.put(frame(0, turn=2))
        assert setup.screen.mouth() is None
        assert setup.screen.mouth() is None
        setup.position = FRAME // 2
        assert setup.screen.mouth() is not None

    run_virtual(main())


def test_the_mouth_closes_while_the_sound_is_held_and_goes_on_from_where_that_does() -> None:
    async def main() -> None:
        setup = Setup()
        for number in range(20):
            await setup.screen.put(frame(number))
        for number in range(1, 12):
            setup.position = number * FRAME
            shown = setup.screen.mouth()
            assert shown is not None and shown[0] == number
        assert setup.screen.mouth() is None
        for number in range(4, 20):
            setup.position = number * FRAME + 10
            shown = setup.screen.mouth()
            assert shown is not None and shown[0] == number

    run_virtual(main())


def test_clearing_closes_the_mouth_and_lets_a_waiting_producer_go_on() -> None:
    async def main() -> None:
        setup = Setup()
        for number in range(AHEAD):
            await setup.screen.put(frame(number))
        waiting = asyncio.create_task(setup.screen.put(frame(AHEAD)))
        await asyncio.sleep(1)
        assert not waiting.done(), "no more than a second ahead of the sound"
        setup.screen.clear()
        await waiting
        assert setup.screen.mouth() is None

    run_virtual(main())


def test_a_reply_that_was_cancelled_while_it_waited_leaves_no_mouth_behind() -> None:
    async def main() -> None:
        setup = Setup()

        async def old() -> None:
            async with asyncio.TaskGroup() as group:  # as a reply does: cancelled one step later
                group.create_task(put_all(1, 3 * AHEAD))

        async def put_all(turn: int, count: int) -> None:
            for number in range(count):
                await setup.screen.put(frame(number, turn))

        task = asyncio.create_task(old())
        await asyncio.sleep(0.1)
        setup.screen.clear()
        task.cancel()
        await asyncio.wait([task])
        setup.position = 0
        await asyncio.wait_for(put_all(2, 3), 0.1)
        setup.position = FRAME
        shown = setup.screen.mouth()
        assert shown is not None
        assert shown[0] == 1

    run_virtual(main())


def test_what_a_cancelled_reply_still_hands_over_is_not_shown() -> None:
    async def main() -> None:
        setup = Setup()
        await setup.screen.put(frame(0, turn=7))
        setup.screen.clear()
        await setup.screen.put(frame(1, turn=7))
        setup.position = 2 * FRAME
        assert setup.screen.mouth() is None

    run_virtual(main())


def test_a_new_reply_drops_the_old_ones_mouths() -> None:
    async def main() -> None:
        setup = Setup()
        await setup.screen.put(frame(0, turn=1))
        setup.position = 100
        setup.screen.mouth()
        await setup.screen.put(frame(0, turn=2))
        setup.position = 1
        shown = setup.screen.mouth()
        assert shown is not None

    run_virtual(main())


def test_a_camera_that_fails_is_opened_again() -> None:
    setup = Setup(FakeCamera(fails_after=3))
    run_virtual(setup.run_for(10.0))
    assert setup.cameras[0].closed
    assert not setup.screen.connection.degraded
    assert setup.cameras[1].left < 10**9, "the second camera shows pictures"


def test_a_camera_that_cannot_even_be_closed_does_not_end_the_picture(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stuck(FakeCamera):
        def close(self) -> None:
            raise OSError("device is gone")

    setup = Setup(Stuck(fails_after=3))

    async def main() -> None:
        await setup.run_for(12)
        await setup.screen.close()

    run_virtual(main())
    assert not setup.screen.connection.degraded
    assert setup.cameras[1].left < 10**9, "the second camera shows pictures"
    assert "could not be closed: device is gone" in caplog.text


def test_a_tick_that_comes_late_is_dropped_not_made_up_for() -> None:
    setup = Setup()
    setup.screen._worker = VirtualWorker(takes_s=0.1)
    run_virtual(setup.run_for(1.0))
    ticks = [tick for tick, _ in setup.face.drawn]
    assert len(ticks) <= 10
    assert ticks == sorted(set(ticks))
    assert ticks[-1] >= 20, "it keeps up with the clock"


def test_a_camera_that_is_off_shows_a_card_from_the_next_tick_on() -> None:
    async def main() -> None:
        setup = Setup()
        showing = asyncio.create_task(setup.run_for(3.0))
        await asyncio.sleep(1.01)
        setup.muted = True
        await asyncio.sleep(1.0)
        setup.muted = False
        await showing
        shown = setup.cameras[0].shown
        assert [picture.any() for picture in shown] == [False] * 26 + [True] * 25 + [False] * 24
        assert {id(picture) for picture in shown[26:51]} == {id(shown[26])}, "drawn once"
        assert shown[26].shape == shown[0].shape

    run_virtual(main())


def test_a_film_rests_before_and_after_the_reply() -> None:
    async def main() -> None:
        film, face = Film(), Drawn()
        for number in range(3):
            await film.put(frame(number))
        assert len(list(film.pictures(face, lead=2, tail=1))) == 6
        assert [mouth for _, mouth in face.drawn] == [None, None, 0, 1, 2, None]

    run_virtual(main())


def test_a_film_of_an_answer_listens_thinks_and_speaks() -> None:
    class Posed(FakeFace):
        def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
            assert pose is not None
            attitudes.append(pose.attitude)
            return super().picture(tick, mouth)

    attitudes: list[Attitude] = []
    film = Film()

    async def main() -> None:
        for number in range(2):
            await film.put(frame(number))

    run_virtual(main())
    assert len(list(film.pictures(Posed(), lead=2, tail=1, thinking=3))) == 8
    listens, thinks, speaks = Attitude.LISTENING, Attitude.THINKING, Attitude.SPEAKING
    assert attitudes == [listens] * 2 + [thinks] * 3 + [speaks] * 2 + [listens]


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_it_can_be_stopped_at_any_time(seconds: float) -> None:
    setup = Setup()
    run_virtual(setup.run_for(seconds))
    assert setup.face.drawn


def test_a_held_mouth_is_closed_and_goes_on_afterwards() -> None:
    async def main() -> None:
        setup = Setup()
        for number in range(3):
            await setup.screen.put(frame(number))
        setup.position = FRAME
        assert setup.screen.mouth() is not None
        setup.screen.hold(True)
        setup.position = FRAME + 100  # what the device has got already is still heard
        assert setup.screen.mouth() is None
        setup.screen.hold(False)
        setup.position = 2 * FRAME
        shown = setup.screen.mouth()
        assert shown is not None and shown[0] == 2

    run_virtual(main())


def test_what_was_held_does_not_hold_the_next_reply() -> None:
    async def main() -> None:
        setup = Setup()
        setup.screen.hold(True)
        setup.screen.clear()
        await setup.screen.put(frame(0, turn=2))
        setup.position = 1
        assert setup.screen.mouth() is not None

    run_virtual(main())


def test_the_card_of_timers_lies_over_the_face_and_not_over_the_card_of_a_muted_camera() -> None:
    setup = Setup()
    setup.screen.timer_card.entries = (CardEntry("timer", "pasta", time.time() + 500, 600),)
    plain = setup.face.picture(0, None)
    run_virtual(setup.run_for(0.2))
    assert all((shown != plain).any() for shown in setup.cameras[0].shown)
    setup.muted, before = True, len(setup.cameras[0].shown)
    run_virtual(setup.run_for(0.2))
    muted = setup.cameras[0].shown[before:]
    assert muted
    assert all((shown == camera_off(setup.face.size)).all() for shown in muted)
