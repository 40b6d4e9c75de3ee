"""Downloads from a hub that this test runs itself."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store import hub
from daemon.store.manifest import Contents, Hub
from daemon.store.verify import Part, WrongContents
from daemon.store.wheels import SourceError
from tests.unit.store_helpers import HUB_ONLY, sha

HALF = len(HUB_ONLY) // 2


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives one file; ``cut`` bytes a connection, with or without ranges, or an error."""

    contents = HUB_ONLY
    status = 200
    cut: int | None = None
    ranges = True
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.asked.append((self.path, wanted))
        start = int(wanted[6:-1]) if wanted and self.ranges else 0
        if self.status != 200:
            self.send_error(self.status)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.contents) - start))
        if start:
            end, total = len(self.contents) - 1, len(self.contents)
            self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
        self.end_headers()
        stop = len(self.contents) if self.cut is None else start + self.cut
        self.wfile.write(self.contents[start:stop])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answers]]:
    class Mine(Answers):
        asked: list[tuple[str, str | None]] = []  # noqa: RUF012

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mine) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield Mine
        server.shutdown()
        thread.join()


@pytest.fixture
def part(tmp_path: Path) -> Part:
    contents = Contents(size=len(HUB_ONLY), sha256=sha(HUB_ONLY))
    return Part(tmp_path / "weight" / "ear.bin", contents)


def fetch(part: Part) -> tuple[list[int], list[float]]:
    seen: list[int] = []
    waits: list[float] = []
    place = Hub(repository="some/where", revision="abc", path="sub/ear.bin")
    hub.download(place, part, seen.append, waits.append)
    return seen, waits


def test_a_file_arrives(answers: type[Answers], part: Part) -> None:
    seen, waits = fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert answers.asked == [("/some/where/resolve/abc/sub/ear.bin", None)]
    assert sum(seen) == len(HUB_ONLY)
    assert waits == []


def test_a_cut_connection_is_gone_on_with(answers: type[Answers], part: Part) -> None:
    answers.cut = HALF
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert [asked for _, asked in answers.asked] == [None, f"bytes={HALF}-"]


def test_an_earlier_run_is_gone_on_with(answers: type[Answers], part: Part) -> None:
    part.path.parent.mkdir()
    part.path.write_bytes(HUB_ONLY[:HALF])
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert [asked for _, asked in answers.asked] == [f"bytes={HALF}-"]


def test_a_server_without_ranges_starts_over(answers: type[Answers], part: Part) -> None:
    answers.ranges = False
    part.path.parent.mkdir()
    part.path.write_bytes(HUB_ONLY[:HALF])
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY


def test_a_finished_part_is_only_checked(answers: type[Answers], part: Part) -> None:
    part.path.parent.mkdir()
    part.path.write_bytes(HUB_ONLY)
    fetch(part)
    assert answers.asked == []


@pytest.mark.parametrize("contents", [HUB_ONLY[::-1], HUB_ONLY + b"more"])
def test_another_file_is_refused(answers: type[Answers], part: Part, contents: bytes) -> None:
    answers.contents = contents
    with pytest.raises(WrongContents):
        fetch(part)
    assert not part.target.exists()


@pytest.mark.parametrize("status", [401, 404])
def test_a_file_that_is_not_there_is_not_asked_for_twice(
    answers: type[Answers], part: Part, status: int
) -> None:
    answers.status = status
    with pytest.raises(SourceError, match="does not offer it"):
        fetch(part)
    assert len(answers.asked) == 1


def test_a_broken_server_is_given_up(answers: type[Answers], part: Part) -> None:
    answers.status = 503
    with pytest.raises(SourceError, match="cannot be reached"):
        fetch(part)
    assert len(answers.asked) == hub.ATTEMPTS


def test_a_connection_that_brings_something_does_not_count_as_fruitless(
    answers: type[Answers], part: Part
) -> None:
    answers.cut = len(HUB_ONLY) // (3 * hub.ATTEMPTS)
    _, waits = fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert len(waits) > hub.ATTEMPTS
    assert set(waits) == {hub.WAIT_S}


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, part: Part) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(SourceError, match="cannot be reached"):
        fetch(part)


def test_an_odd_mirror_is_refused(monkeypatch: pytest.MonkeyPatch, part: Part) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "file:///etc")
    with pytest.raises(SourceError, match="not a web address"):
        fetch(part)


def test_a_full_disk_is_not_taken_for_the_network(answers: type[Answers], part: Part) -> None:
    part.path.parent.mkdir()
    part.path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        fetch(part)
    assert len(answers.asked) == 1
