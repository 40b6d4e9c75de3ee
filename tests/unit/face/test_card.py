import numpy as np
import pytest

from daemon.face import card


@pytest.mark.parametrize("size", [(1280, 720), (640, 480), (360, 640), (64, 64)])
def test_it_has_the_cameras_size_and_a_person_in_it(size: tuple[int, int]) -> None:
    picture = card.camera_off(size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    head = picture[int(size[1] * 0.42) - min(size) // 20, size[0] // 2]
    assert np.abs(head.astype(int) - card.PERSON).max() < 12


def test_it_says_so_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    english = card.camera_off((1280, 720))
    monkeypatch.setattr(card, "tr", lambda text: "摄像头已关闭")
    chinese = card.camera_off((1280, 720))
    caption = slice(540, 640)
    for picture in (english, chinese):
        ink = (picture[caption].astype(int) > 200).all(axis=2)
        columns = np.flatnonzero(ink.any(axis=0))
        assert abs(int(columns[0] + columns[-1]) - 1279) < 12, "in the middle"
        assert 150 < columns[-1] - columns[0] < 700
    assert (english[caption] != chinese[caption]).any()
    assert (english[:500] == chinese[:500]).all()
