from pathlib import Path

import numpy as np
import pytest

from daemon.bench import speech
from daemon.bench.av import Clicks
from daemon.bench.process import write_config
from daemon.bench.timed_recording import BLOCK, KEPT, TimedRecording
from daemon.config import ToolServer, load, packaged_config
from daemon.media import LISTEN_RATE, Samples

BLOCK_S = BLOCK / LISTEN_RATE
SETTINGS = load(packaged_config()).settings


def tape_of(
    mouth: Samples, room: Samples, late: float = 0.0, begin: float = 100.0
) -> TimedRecording:
    """Record sound that arrives in time, except that every second block is ``late``."""
    recording = TimedRecording()
    both = (np.stack((mouth, room), axis=1) * 32767).astype(np.int16)
    for n in range(len(both) // BLOCK):
        arrived = begin + (n + 1) * BLOCK_S + (late if n % 2 else 0.0)
        recording.add(both[n * BLOCK : (n + 1) * BLOCK], arrived)
    return recording


def ramp(seconds: float) -> Samples:
    return np.linspace(0, 1, round(seconds * LISTEN_RATE), dtype=np.float32)


@pytest.mark.parametrize(
    ("begin", "stop"), [(0, 5), (3, 161), (160, 320), (155, 1600), (1599, 1600)]
)
def test_any_piece_can_be_cut_out(begin: int, stop: int) -> None:
    sound = ramp(0.1)
    recording = tape_of(sound, -sound)
    np.testing.assert_allclose(recording.microphone(begin, stop), sound[begin:stop], atol=1e-4)
    np.testing.assert_allclose(recording.playback(begin, stop), -sound[begin:stop], atol=1e-4)


def test_what_is_not_recorded_yet_is_left_out() -> None:
    recording = tape_of(ramp(0.1), ramp(0.1))
    assert recording.length == 1600
    assert len(recording.playback(1500, 2000)) == 100
    assert len(recording.playback(1600, 2000)) == 0


def test_the_oldest_is_forgotten_and_positions_stay() -> None:
    sound = ramp(KEPT * BLOCK_S + 5)
    recording = tape_of(sound, sound)
    assert recording.length == len(sound)
    np.testing.assert_allclose(
        recording.playback(len(sound) - 50, len(sound)), sound[-50:], atol=1e-4
    )
    assert len(recording.playback(0, BLOCK)) == 0


def test_late_arrivals_do_not_move_the_clock() -> None:
    recording = tape_of(ramp(20), ramp(20), late=0.02)
    for position in (0, 12345, 20 * LISTEN_RATE):
        assert recording.moment(position) == pytest.approx(100 + position / LISTEN_RATE)
        assert recording.position(recording.moment(position)) == position


def test_the_clock_follows_a_sound_card_that_drifts() -> None:
    recording, drift = TimedRecording(), 1.001
    for n in range(4000):
        recording.add(np.zeros((BLOCK, 2), np.int16), 100 + (n + 1) * BLOCK_S * drift)
    middle = 2000 * BLOCK
    assert recording.moment(middle) == pytest.approx(100 + 20 * drift, abs=0.006)


def test_clicks_are_found_once_each_wherever_the_looking_stops() -> None:
    sound = np.zeros(5 * LISTEN_RATE, np.float32)
    places = (4000, 13600, 70000)
    for place in places:
        sound[place : place + 16 : 2] = 0.5
    recording = tape_of(sound, sound)
    clicks = Clicks(recording)
    for stop in (3000, 4005, 4100, 50000, len(sound)):
        clicks.look(stop)
    assert clicks.moments == pytest.approx([100 + place / LISTEN_RATE for place in places])


def test_the_daemon_is_measured_with_the_users_settings_on_default_devices(tmp_path: Path) -> None:
    changes = {"microphone": "Headset", "listen_to": "call"}
    settings = SETTINGS.model_copy(
        update={
            "ears": SETTINGS.ears.model_copy(update=changes),
            "brain": SETTINGS.brain.model_copy(update={"persona": 'Say "hi",\n你好。'}),
        }
    )
    write_config(tmp_path / "config.toml", settings)
    written = load(tmp_path / "config.toml").settings
    assert written.brain == settings.brain
    assert written.ears == SETTINGS.ears
    assert written.voice == SETTINGS.voice


def test_what_a_measurement_says_is_kept_by_nobody(tmp_path: Path) -> None:
    server = ToolServer(command="house-mcp", allow=("temperature",))
    changed = {
        "ears": SETTINGS.ears.model_copy(update={"listen": "wake-word"}),
        "memory": SETTINGS.memory.model_copy(update={"keep": True}),
        "panel": SETTINGS.panel.model_copy(update={"enabled": True}),
        "tools": SETTINGS.tools.model_copy(update={"servers": {"house": server}}),
    }
    path = tmp_path / "config.toml"
    write_config(path, SETTINGS.model_copy(update=changed))
    written = load(path).settings
    assert not written.memory.keep and not written.panel.enabled
    assert not written.tools.servers
    assert written.ears.listen == "always"


def fake_speech(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Keep the cache in a folder of the test's, and count what is spoken."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spoken: list[str] = []

    class Voice:
        def warm_up(self) -> None:
            pass

        def close(self) -> None:
            pass

    def speak(voice: object, text: str) -> Samples:
        spoken.append(text)
        return np.full(len(text), 0.1, np.float32)

    monkeypatch.setattr("daemon.components.Components.voice", lambda self: Voice())
    monkeypatch.setattr(speech, "_speak", speak)
    return spoken


def test_the_questions_are_spoken_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = fake_speech(monkeypatch, tmp_path)
    script = speech.load_script(SETTINGS)
    assert [clip.language for clip in script.questions[:4]] == ["en", "zh", "zh", "en"]
    assert len(script.questions) >= 20
    assert len(script.questions[0].samples) == len(speech.QUESTIONS["en"][0])
    count = len(spoken)
    assert len(speech.load_script(SETTINGS).questions) == len(script.questions)
    assert len(spoken) == count


def test_another_voice_speaks_them_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = fake_speech(monkeypatch, tmp_path)
    speech.load_script(SETTINGS)
    count = len(spoken)
    voice = SETTINGS.voice.model_copy(update={"english": "bf_emma"})
    speech.load_script(SETTINGS.model_copy(update={"voice": voice}))
    assert len(spoken) == 2 * count


def test_a_damaged_cache_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = fake_speech(monkeypatch, tmp_path)
    speech.load_script(SETTINGS)
    count = len(spoken)
    (path,) = (tmp_path / "digital-life" / "bench").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    speech.load_script(SETTINGS)
    assert len(spoken) == 2 * count


def test_who_speaks_one_language_is_asked_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_speech(monkeypatch, tmp_path)
    ears = SETTINGS.ears.model_copy(update={"languages": ("en",)})
    script = speech.load_script(SETTINGS.model_copy(update={"ears": ears}))
    assert {clip.language for clip in script.questions} == {"en"}
    assert {clip.language for clip in script.backchannels} == {"en", ""}
