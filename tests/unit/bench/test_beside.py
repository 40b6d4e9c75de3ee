"""What is measured beside ours, and what is said where it cannot be."""

import sys

import pytest

from daemon.bench.answers import Answer
from daemon.bench.results import Results
from daemon.errors import SetupError
from tests.bench import beside, pipecat_baseline


def test_rows_tell_each_language_and_what_was_not_answered() -> None:
    results = Results(
        answers=[
            Answer("en", 1.0, {}, False),
            Answer("en", 2.0, {}, False),
            Answer("zh", 3.0, {}, False),
            Answer("zh", None, {}, False),
            Answer("zh", None, {}, True),
        ],
        lost=1,
    )
    rows = beside.rows("it", results)
    assert [(row.name, row.value) for row in rows] == [
        ("it, English", "median 1.50, p90 1.90, p95 1.95 s (n = 2)"),
        ("it, 中文", "median 3.00, p90 3.00, p95 3.00 s (n = 1)"),
        ("  questions without an answer", "1 / 5"),
        ("  answers before the question was over", "1 / 5"),
        ("  recordings torn, the machine was too busy", "1"),
    ]


def test_what_cannot_be_installed_says_why_and_how_to_try() -> None:
    code = (
        "import sys; print('WARNING: x\\nERROR: no such package\\nhint', file=sys.stderr); exit(1)"
    )
    with pytest.raises(SetupError, match=r"installed: ERROR: no such package$") as raised:
        pipecat_baseline._run([sys.executable, "-c", code])
    assert raised.value.fix.startswith(sys.executable)
