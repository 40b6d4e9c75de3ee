"""What several of these tests talk with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.brain.choice import make_brain
from daemon.config import load, packaged_config
from daemon.stages import ChatModel
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore


@pytest.fixture(scope="module")
def brain(weights: Callable[[str], Path]) -> Iterator[ChatModel]:
    """The brain of the settings, with its adapter, which always takes the likeliest word."""
    settings = load(packaged_config()).settings
    directory = weights(settings.brain.model).parent
    told = settings.model_dump()
    told["brain"] |= {"temperature": 0.0}
    model = make_brain(type(settings).model_validate(told), ModelStore(directory, load_default()))
    yield model
    model.close()
