from pathlib import Path

import pytest

from tests.unit.doubles.making import homes


@pytest.fixture(autouse=True)
def own_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, path in homes(tmp_path).items():
        monkeypatch.setenv(name, path)
    monkeypatch.setenv("LC_ALL", "C")
    return tmp_path
