"""The voice for a page, from what the loudspeaker plays."""

import numpy as np
import pytest

pytest.importorskip("aiortc")

from daemon.api.sound import BEHIND, SIZE, VoiceTrack
from daemon.audio.ring_buffer import RingBuffer
from daemon.media import SPEAK_RATE


@pytest.mark.parametrize("rested", range(1, 25))
def test_what_is_played_after_a_rest_is_sent(rested: int) -> None:
    played = RingBuffer(SPEAK_RATE, SPEAK_RATE, SIZE)
    track = VoiceTrack(played)
    played.write(np.zeros(SPEAK_RATE // 2, np.float32), 0.0)
    for _ in range(rested):  # nothing is played, while frames go on
        assert not track.next_samples().any()
    sent = []
    for number in range(50):
        played.write(np.full(SIZE, number + 1, np.float32), 0.0)
        sent.append(track.next_samples())
    heard = np.concatenate(sent)
    assert heard[BEHIND + SIZE :].all(), "none of it is missing"
    assert (np.diff(heard[heard > 0]) >= 0).all(), "none of it comes twice"
