"""What ``doctor`` says of a speech recogniser of the hub that nobody has fetched."""

from pathlib import Path

import pytest

from daemon.config import load, packaged_config
from daemon.service.check_machine import models
from daemon.service.finding import Finding, Severity
from daemon.service.steps import RunCommand


def found(tmp_path: Path, model: str) -> Finding:
    settings = load(packaged_config()).settings
    ears = settings.ears.model_copy(update={"model": model})
    place = settings.models.model_copy(update={"directory": str(tmp_path)})
    changed = settings.model_copy(update={"ears": ears, "models": place})
    [finding] = [finding for finding in models(changed) if model in finding.text]
    return finding


def test_it_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    finding = found(tmp_path, "hub:some/whisper")
    assert finding.level is Severity.ERROR
    assert finding.fix == "digital-life models pull hub:some/whisper"
    assert isinstance(finding.step, RunCommand)


@pytest.mark.parametrize("model", ["hub:", "hub:some", "hub:some/where/else"])
def test_what_is_no_repository_is_told(tmp_path: Path, model: str) -> None:
    finding = found(tmp_path, model)
    assert "hub:OWNER/REPOSITORY" in finding.text
    assert finding.step is None
