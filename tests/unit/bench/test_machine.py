"""What a measurement ran on, and what others did meanwhile."""

import threading
from pathlib import Path

import pytest

from daemon.bench import machine
from daemon.bench.machine import Circumstances, Load
from daemon.graphics import graphics_cards


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have passed, seconds that all processors worked, and those of our own."""
    now = [0.0, 0.0, 0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        now[1] += 0.5 * seconds

    monkeypatch.setattr("daemon.bench.machine.time.sleep", sleep)
    monkeypatch.setattr("daemon.bench.machine.time.monotonic", lambda: now[0])
    monkeypatch.setattr(machine, "_used", lambda: machine._Used(now[1], 0.0, now[2]))
    return now


def test_what_others_took_is_all_but_our_own(clock: list[float]) -> None:
    with Circumstances(busy=False) as circumstances:
        clock[0] += 10  # seconds, of which all worked 14, and we 12
        clock[1] += 14
        clock[2] += 12
    assert circumstances.load == Load(before=0.5, during=0.2, stolen=0.0)
    told = {row.name: row for row in circumstances.rows()}
    assert told["processors that others took"].met is False
    assert told["processors that others took"].value.startswith("0.50 before, 0.20 during")
    assert "beside it" not in told
    json = circumstances.as_json()
    assert (json["busy"], json["load"]["before"]) == (False, 0.5)
    assert json["machine"]["cores"] >= 1


def test_a_busy_processor_is_kept_busy_and_ends(clock: list[float]) -> None:
    before = children()
    with Circumstances(busy=True) as circumstances:
        clock[0] += 1
        (process,) = children() - before
    assert not Path("/proc", process).exists()
    assert circumstances.as_json()["busy"]
    assert "beside it" in {row.name for row in circumstances.rows()}


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


def test_a_quiet_machine_is_one_that_nobody_else_uses() -> None:
    assert Load(0.1, 0.1, 0.0).quiet
    assert not Load(0.1, 0.3, 0.0).quiet
    assert not Load(0.1, 0.1, 0.4).quiet


def card(root: Path, address: str, vendor: str, kind: str, driver: str) -> None:
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    for name, text in (("vendor", vendor), ("device", "0x2504"), ("class", kind)):
        (folder / name).write_text(text + "\n")
    if driver:
        (root / "sys/bus/pci/drivers" / driver).mkdir(parents=True, exist_ok=True)
        (folder / "driver").symlink_to(root / "sys/bus/pci/drivers" / driver)


def test_cards_that_compute_are_found_with_their_drivers(tmp_path: Path) -> None:
    card(tmp_path, "0000:01:00.0", "0x10de", "0x030000", "nvidia")
    card(tmp_path, "0000:01:00.1", "0x10de", "0x040300", "snd_hda_intel")  # its sound
    card(tmp_path, "0000:02:00.0", "0x1002", "0x038000", "")
    card(tmp_path, "0000:03:00.0", "0x1af4", "0x038000", "virtio-pci")  # a virtual machine's
    told = tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0/information"
    told.parent.mkdir(parents=True)
    told.write_text("Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 52\n")
    found = graphics_cards(tmp_path)
    assert [(one.vendor, one.name, one.driver) for one in found] == [
        ("nvidia", "NVIDIA GeForce RTX 3060", "nvidia"),
        ("amd", "AMD 1002:2504", ""),
    ]
    assert graphics_cards(tmp_path / "nothing") == []
