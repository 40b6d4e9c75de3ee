"""Downloads from a hub that this test runs itself."""

import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.store import hub
from daemon.store.hub import ModelHub
from daemon.store.manifest import Contents, Hub
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import PartialFile, WrongContents
from tests.unit.store.hub_server import HubServer, serving, silent, standing_in
from tests.unit.store.store_helpers import HUB_ONLY, sha

HALF = len(HUB_ONLY) // 2
PLACE = Hub(repository="some/where", revision="abc", path="sub/ear.bin")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with standing_in(monkeypatch, HUB_ONLY) as made:
        yield made


@pytest.fixture
def part(tmp_path: Path) -> PartialFile:
    contents = Contents(size=len(HUB_ONLY), sha256=sha(HUB_ONLY))
    return PartialFile(tmp_path / "weight" / "ear.bin", contents)


def fetch(part: PartialFile) -> tuple[list[int], list[float]]:
    seen: list[int] = []
    waits: list[float] = []
    ModelHub(waits.append).download(PLACE, part, seen.append)
    return seen, waits


def begin(part: PartialFile, data: bytes = HUB_ONLY[:HALF]) -> None:
    part.path.parent.mkdir()
    part.path.write_bytes(data)


def test_a_file_arrives(server: HubServer, part: PartialFile) -> None:
    seen, waits = fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert server.asked == [("/some/where/resolve/abc/sub/ear.bin", None)]
    assert sum(seen) == len(HUB_ONLY)
    assert waits == []


@pytest.mark.parametrize("absolute", [False, True])
def test_large_files_are_elsewhere(server: HubServer, part: PartialFile, absolute: bool) -> None:
    server.redirect = server.address * absolute + "/cdn"
    server.cut = HALF
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert server.asked[-1] == ("/cdn/some/where/resolve/abc/sub/ear.bin", f"bytes={HALF}-")


def test_a_mirror_may_end_with_a_slash(
    server: HubServer, part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.address + "/")
    fetch(part)
    assert server.asked[0][0] == "/some/where/resolve/abc/sub/ear.bin"


def test_a_proxy_is_asked(
    server: HubServer, part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("http_proxy", server.address)
    fetch(part)
    assert server.asked[0][0] == "http://hub.invalid/some/where/resolve/abc/sub/ear.bin"


def test_a_cut_connection_is_gone_on_with(server: HubServer, part: PartialFile) -> None:
    server.cut = HALF
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert [asked for _, asked in server.asked] == [None, f"bytes={HALF}-"]


def test_an_earlier_run_is_gone_on_with(server: HubServer, part: PartialFile) -> None:
    begin(part)
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert [asked for _, asked in server.asked] == [f"bytes={HALF}-"]


def test_a_server_without_ranges_starts_over(server: HubServer, part: PartialFile) -> None:
    server.ranges = False
    begin(part)
    fetch(part)
    assert part.path.read_bytes() == HUB_ONLY


def test_another_range_is_not_appended(server: HubServer, part: PartialFile) -> None:
    server.range_start = 7
    begin(part)
    with pytest.raises(WrongContents):
        fetch(part)


def test_a_finished_part_is_only_checked(server: HubServer, part: PartialFile) -> None:
    begin(part, HUB_ONLY)
    fetch(part)
    assert server.asked == []


@pytest.mark.parametrize(
    "contents", [HUB_ONLY[::-1], HUB_ONLY + b"more", b"<html>Please log in</html>"]
)
def test_another_file_is_refused(server: HubServer, part: PartialFile, contents: bytes) -> None:
    server.contents = contents
    with pytest.raises(WrongContents):
        fetch(part)
    assert len(server.asked) == 1
    assert not part.target.exists()


def test_a_file_without_an_end_is_read_no_further_than_it_should_be_long(
    server: HubServer, part: PartialFile
) -> None:
    server.endless = True
    with pytest.raises(WrongContents):
        fetch(part)
    assert part.path.stat().st_size <= len(HUB_ONLY)
    assert len(server.asked) == 1


def test_a_shorter_file_than_what_is_there_is_another(server: HubServer, part: PartialFile) -> None:
    server.statuses = [416]
    begin(part)
    with pytest.raises(WrongContents):
        fetch(part)


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_not_there_is_not_asked_for_twice(
    server: HubServer, part: PartialFile, status: int
) -> None:
    server.statuses = [status]
    with pytest.raises(SourceError, match="does not offer it") as caught:
        fetch(part)
    assert caught.value.remedy is Remedy.ANOTHER_SOURCE
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_file_for_those_who_have_logged_in(
    server: HubServer, part: PartialFile, status: int
) -> None:
    server.statuses = [status]
    with pytest.raises(SourceError, match="some/where only to those who have logged in") as caught:
        fetch(part)
    assert caught.value.remedy is Remedy.LOGIN
    assert len(server.asked) == 1


def test_who_is_logged_in_is_told_to_the_hub_and_not_to_where_it_sends_us(
    server: HubServer, part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    with serving(HUB_ONLY) as elsewhere:
        server.redirect = elsewhere.address + "/cdn"
        fetch(part)
        assert elsewhere.tokens == [None]
    assert part.path.read_bytes() == HUB_ONLY
    assert server.tokens == ["Bearer hf_made_up"]


def test_a_busy_hub_is_waited_for_as_long_as_it_asks(server: HubServer, part: PartialFile) -> None:
    server.statuses, server.retry_after = [429, 429], "17"
    _, waits = fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert waits == [17, 17]


def test_a_hub_that_stays_busy_is_not_the_connections_fault(
    server: HubServer, part: PartialFile
) -> None:
    server.statuses, server.retry_after = [429] * 9, "3600"
    with pytest.raises(SourceError, match="busy") as caught:
        fetch(part)
    assert caught.value.remedy is Remedy.LATER
    assert len(server.asked) == 1


def test_a_broken_server_is_given_up(server: HubServer, part: PartialFile) -> None:
    server.statuses = [500] * 9
    with pytest.raises(SourceError, match="does not answer"):
        fetch(part)
    assert len(server.asked) == hub.ATTEMPTS


def test_a_connection_that_brings_something_does_not_count_as_fruitless(
    server: HubServer, part: PartialFile
) -> None:
    server.cut = len(HUB_ONLY) // (3 * hub.ATTEMPTS)
    _, waits = fetch(part)
    assert part.path.read_bytes() == HUB_ONLY
    assert len(waits) > hub.ATTEMPTS
    assert set(waits) == {hub.WAIT_S}


def test_where_there_is_another_source_a_silent_hub_is_left_at_once(
    part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "ANSWER_S", 0.1)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    waits: list[float] = []
    asked = ModelHub(waits.append)
    with silent() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(SourceError, match="does not answer"):
            asked.download(PLACE, part, lambda count: None, retrying=False)
    assert asked.away is not None
    assert waits == []


def test_what_a_silent_hub_says_too_late_is_thrown_away(
    monkeypatch: pytest.MonkeyPatch, server: HubServer, part: PartialFile
) -> None:
    late = threading.Event()
    real = urllib.request.OpenerDirector.open

    def slow(*about: Any, **more: Any) -> Any:
        late.wait(300)
        return real(*about, **more)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", slow)
    monkeypatch.setattr(hub, "ANSWER_S", 0.01)
    with pytest.raises(SourceError):
        ModelHub().download(PLACE, part, lambda count: None, retrying=False)
    late.set()  # what leaks is found when the test ends: the thread, or an open connection
    for thread in threading.enumerate():
        if thread.name == "hub":
            thread.join(300)
    assert not part.path.exists()


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, part: PartialFile) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(SourceError, match="does not answer"):
        fetch(part)


@pytest.mark.parametrize("address", ["file:///etc", "mirror.example", "ftp://mirror.example"])
def test_an_odd_mirror_is_refused(
    monkeypatch: pytest.MonkeyPatch, part: PartialFile, address: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(SourceError, match="not a web address"):
        fetch(part)


def test_a_mirror_without_a_host_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, part: PartialFile
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://..")
    with pytest.raises(SourceError):
        fetch(part)


def test_offline_is_offline(
    server: HubServer, part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SourceError, match="HF_HUB_OFFLINE"):
        fetch(part)
    assert server.asked == []


def test_a_full_disk_is_not_taken_for_the_network(server: HubServer, part: PartialFile) -> None:
    part.path.parent.mkdir()
    part.path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        fetch(part)
    assert len(server.asked) == 1
