"""Fixtures for all tests."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import onnxruntime
import pytest

from daemon import i18n
from daemon.errors import SetupError
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore, default_directory

LINGER_S = 60.0  # a thread that is ending may take this long on a busy machine
SEED = 1
# What hears real sound, sees a real browser or asks a real model meets chance that is nobody's
# fault; a fault of ours shows twice. A run tells which of them were run again.
MEETS_CHANCE = ("hardware", "browser", "models")
AUDIO = Path(__file__).parent / "audio"

# Developers' machines look for new examples; a change is judged by the same ones each time. A busy
# machine is no reason for a test to fail.
PATIENT = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("developer", PATIENT)
hypothesis.settings.register_profile("ci", PATIENT, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_configure() -> None:
    """Let Ctrl+C reach the programs that tests start.

    What a shell starts in the background ignores it, and so would they: it is inherited.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run those that meet chance once more if they fail."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in MEETS_CHANCE:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument and place: what is packed holds the second it was packed in.

    Test processes that began in different seconds would collect tests of different names.
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tests read messages; the developer's own locale must not change them."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    i18n.system_language.cache_clear()
    yield
    i18n.system_language.cache_clear()


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + LINGER_S
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"threads left behind: {left}"


@pytest.fixture(autouse=True)
def ctrl_c_is_left_alone() -> Iterator[None]:
    """Another test may press it, and what one that is over made of it would end the process."""
    before = signal.getsignal(signal.SIGINT)
    yield
    after = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    assert after == before, "somebody else gets Ctrl+C from now on"


@pytest.fixture
def audio_files() -> Path:
    """The folder of committed recordings."""
    return AUDIO


@pytest.fixture(scope="session")
def weights() -> Callable[[str], Path]:
    """Find a weight's directory by name; skips the test when it was not pulled.

    Voices draw at random how they say a sentence; here they draw the same each time.
    """
    onnxruntime.set_seed(SEED)
    store = ModelStore(default_directory(), load_default())

    def find(name: str) -> Path:
        try:
            return store.path(name)
        except SetupError as error:
            pytest.skip(f"{error}: {error.fix}")

    return find
