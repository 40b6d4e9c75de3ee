"""Files and folders whose writer is killed, or whose disk fails, at each step."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.files import LockedTempFolder, atomic_folder, atomic_write, recover_folder

# Forks for each line of files.py that runs, and ends there: by SIGKILL, or
# by what the disk answers.
STEPS = """
import errno, os, signal, sys
from pathlib import Path
import daemon.files as files

how, exchange, folder = sys.argv[1], sys.argv[2] == "exchange", Path(sys.argv[3])
place = folder / "adapter"
traced = {files.__file__}
os.fsync = lambda handle: None  # a thousand of them take minutes
if not exchange:
    files._renamed = lambda one, other, flag: False

def write(text):
    with files.atomic_folder(place) as made:
        (made / "weights").write_text(text)
        (made / "inner").mkdir()
        (made / "inner" / "more").write_text(text)

def ending(last):
    left = [last]
    def trace(frame, event, argument):
        if frame.f_code.co_filename not in traced:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                if how == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(errno.EIO, "the disk fails")
        return trace
    return trace

missing = partly = 0
for step in range(1, 10_000):
    write("old")
    child = os.fork()
    if not child:
        sys.settrace(ending(step))
        try:
            write("new")
        except Exception:
            os._exit(1)
        finally:
            sys.settrace(None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    missing += not place.exists()
    if exchange:
        assert place.exists(), step
    files.recover_folder(place)
    texts = {(place / name).read_text() for name in ("weights", "inner/more")}
    assert texts in ({"old"}, {"new"}), (step, texts)
    if status == 0:
        assert texts == {"new"}
        break
    partly += len(os.listdir(folder)) > 1
    write("next")
    assert os.listdir(folder) == ["adapter"], (step, os.listdir(folder))
print(step, missing, partly)
"""


@pytest.mark.parametrize("how", ["kill", "fault"])
@pytest.mark.parametrize("way", ["exchange", "two steps"])
def test_a_folder_is_never_lost(how: str, way: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STEPS, how, way, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps, missing, partly = map(int, done.stdout.split())
    assert steps > 20
    if how == "kill":
        assert partly, "it was killed where something is left"
        assert bool(missing) is (way == "two steps")


HOLDER = """
import sys
from pathlib import Path
from daemon.files import LockedTempFolder, atomic_write, atomic_folder
place = Path(sys.argv[1])
with atomic_write(place / "words.md") as part, atomic_folder(place / "engine") as made:
    part.write_text("xylophone")
    (made / "model").write_text("half")
    held = LockedTempFolder("digital-life-test-")
    print(flush=True)
    sys.stdin.read()
"""


def names(*folders: Path) -> set[str]:
    return {path.name for folder in folders for path in folder.iterdir()}


def test_what_a_killed_process_left_is_removed_and_what_is_held_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    place, temporary = tmp_path / "place", tmp_path / "tmp"
    place.mkdir()
    temporary.mkdir()
    others = {".words.md.part", ".other.md.1234.part", ".engine.part"}
    for name in others:
        (place / name).write_text("somebody else's")

    def write() -> None:
        with atomic_write(place / "words.md") as part:
            part.write_text("mine")
        with atomic_folder(place / "engine", replace=False) as made:
            (made / "model").write_text("mine")
        with LockedTempFolder("digital-life-test-") as folder:
            assert Path(folder).stat().st_mode & 0o777 == 0o700

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        write()
        assert len(names(place, temporary) - others) == 5, "it is still at work"
        holder.kill()
    write()
    assert names(place, temporary) == others | {"words.md", "engine"}


def test_a_link_in_the_place_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    (elsewhere / "weights").write_text("old")
    (tmp_path / "adapter").symlink_to(elsewhere)
    with atomic_folder(tmp_path / "adapter") as made:
        (made / "weights").write_text("new")
    assert (tmp_path / "adapter" / "weights").read_text() == "new"
    assert (elsewhere / "weights").read_text() == "old"
    assert names(tmp_path) == {"disk", "adapter"}


def test_there_is_nothing_to_mend_where_nothing_was_cut_short(tmp_path: Path) -> None:
    recover_folder(tmp_path / "adapter")
    recover_folder(tmp_path / "no" / "such" / "place")
    assert names(tmp_path) == set()
