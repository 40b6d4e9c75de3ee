"""What the doctor says of a running daemon."""

import pytest

from daemon.config import Settings
from daemon.service import check_service
from daemon.service.finding import Severity


def test_a_server_of_tools_that_fails_is_told_with_what_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = "The tools of house cannot be used: it refuses the token (put a valid one into ~/t)"
    status = {
        "state": "listening",
        "memory_mb": 900.0,
        "degraded": ["tools"],
        "tools": [
            {"server": "house", "state": "failed", "problem": problem, "tools": []},
            {"server": "clock", "state": "ready", "problem": "", "tools": []},
        ],
    }

    class Told:
        def get(self, _path: str) -> dict[str, object]:
            return status

    monkeypatch.setattr(check_service, "Client", Told)
    daemon, tools = check_service.control(Settings())
    assert daemon.level is Severity.WARNING and "tools" in daemon.text
    assert (tools.name, tools.level, tools.text) == ("tools", Severity.WARNING, problem)
