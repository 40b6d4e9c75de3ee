"""The face in whole conversations, in virtual time: it listens, thinks, speaks and waits."""

import asyncio

from daemon.expression import Attitude
from daemon.shown_attitude import show_attitude
from tests.fakes import FakeChat, FakeRecognizer, parts
from tests.scenario.test_session import Stage, says
from tests.unit.test_shown_attitude import Watched


def test_the_face_goes_with_the_conversation() -> None:
    stage, face = Stage(parts(FakeRecognizer("how are you?"), FakeChat(["I am fine."]))), Watched()
    show_attitude(face, stage.bus, lambda: stage.session.heard_ahead)
    stage.play(says(1, 0.0, 1.0), until=20)
    assert [one for one in face.told if isinstance(one, Attitude)] == [
        Attitude.LISTENING, Attitude.THINKING, Attitude.SPEAKING, Attitude.IDLE,
    ]  # fmt: skip
    assert [one for one in face.told if isinstance(one, bool)] == [True], "told once"


def test_a_question_is_known_when_its_words_are() -> None:
    stage, face = Stage(parts(FakeRecognizer("how are you?"), FakeChat(["I am fine."]))), Watched()
    show_attitude(face, stage.bus, lambda: stage.session.heard_ahead)
    asked: list[bool] = []

    async def look() -> None:
        for _ in range(100):
            await asyncio.sleep(0.04)
            if face.told and face.told[-1] is Attitude.THINKING:
                asked.append(face.is_asked())

    stage.play(says(1, 0.0, 1.0), until=20, also=look())
    assert asked[-1:] == [True]
