"""``digital-life brain`` and ``brain use``, with a hub of our own and a brain that is made up."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon import system_packages
from daemon.brain import hardware, speed
from daemon.brain.hardware import GB, Hardware
from daemon.brain.speed import BrainSpeed
from daemon.cli import main
from daemon.commands import brain_use
from daemon.config import Settings, load
from daemon.errors import SetupError
from daemon.store import model_store
from daemon.store.manifest import load as load_manifest
from daemon.store.model_store import ModelStore
from daemon.store.pins import with_pins
from tests.fakes import FakeChat
from tests.unit.store.hub_server import HubServer, standing_in
from tests.unit.store.store_helpers import HUB_ONLY, sha

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch

REFERENCE = "hub:some/where/ear.gguf"
NAME = "some--where--ear"
SMALL = b"weights of a small model"


def entry(name: str, quality: int, more: str) -> str:
    return f"""
[weights."{name}"]
description = {{ en = "Talks", zh = "会说话" }}
licence = "MIT"
{more}
[weights."{name}".brain]
languages = "zh en"
tools = "native"
parameters = {len(SMALL) / 1e9}
cache_bytes = 1000
quality = {quality}
"""


def file(size: int, sha256: str) -> str:
    place = 'repository = "some/where", revision = "abc", path = "x.gguf"'
    about = f'name = "model.gguf", size = {size}, sha256 = "{sha256}"'
    return f"files = [{{ {about}, hub = {{ {place} }} }}]"


CLOSED = 'restriction = { en = "Only for research.", zh = "仅供研究。" }\n'
UNPINNED = 'hub = { repository = "some/where", revision = "main", path = "x.gguf" }'
MANIFEST = '[profiles]\ndefault = ["qwen2.5-coder-0.5b"]\n[wheels]\n' + "".join(
    [
        entry("better", 3, f"unpinned = {{ about = {len(HUB_ONLY)}, {UNPINNED} }}"),
        entry("closed", 2, CLOSED + file(len(HUB_ONLY), sha(HUB_ONLY))),
        entry("vast", 6, file(60 * 10**9, "6" * 64)),
        entry("qwen2.5-coder-0.5b", 1, file(len(SMALL), sha(SMALL))),
        '[weights.ear]\ndescription = { en = "Hears", zh = "会听" }\nlicence = "MIT"\n',
        file(4, "7" * 64) + "\n",
    ]
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    for name in ("CONFIG", "CACHE", "RUNTIME"):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}", str(folder))
    directory = tmp_path / "models"

    def opened(_directory: str = "") -> ModelStore:
        return ModelStore(directory, with_pins(load_manifest(MANIFEST), directory))

    monkeypatch.setattr(model_store, "open_store", opened)
    monkeypatch.setattr(brain_use, "open_store", opened)
    for module in (brain_use, hardware):
        monkeypatch.setattr(module, "look_at_hardware", lambda _: Hardware(64 * GB, False, False))
    monkeypatch.setattr(speed, "is_busy", lambda: False)
    monkeypatch.setattr(speed, "measure", lambda path, brain: BrainSpeed(1e6, 1e6))
    monkeypatch.setenv("COLUMNS", "80")
    place = directory / "qwen2.5-coder-0.5b"
    place.mkdir(parents=True)
    (place / "model.gguf").write_bytes(SMALL)
    return opened()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with standing_in(monkeypatch, HUB_ONLY) as made:
        yield made


@pytest.fixture
def talks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer without a model, and note which was to be loaded."""
    loaded: list[str] = []

    def make(settings: Settings, _store: ModelStore) -> FakeChat:
        loaded.append(settings.brain.model)
        return FakeChat(["A rainbow is light, ", "bent by drops of rain."])

    monkeypatch.setattr(brain_use, "make_brain", make)
    return loaded


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let there be nobody at the terminal."""
    with (tmp_path / "nobody").open("w+") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield


def config(tmp_path: Path) -> Path:
    return tmp_path / "CONFIG" / "digital-life" / "config.toml"


def in_settings(tmp_path: Path) -> str:
    path = config(tmp_path)
    return load(path).settings.brain.model if path.exists() else ""


def run(*words: str) -> int:
    return main(["brain", *words])


def test_the_list_fits_a_terminal_and_says_what_is_best(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    shown = capsys.readouterr().out
    table = shown[: shown.index("* in use")].splitlines()
    assert max(map(len, table)) <= 80
    assert [line[2:].split()[0] for line in table[1:]] == [
        *("better", "closed", "qwen2.5-coder-0.5b", "vast")
    ]
    assert table[3].startswith("*")
    assert "~" in table[1]
    assert "~" not in table[3]
    assert "MIT†" in table[2]
    assert "vast cannot run here: it needs 60.4 GB of memory, 51.2 GB can be used." in shown
    assert "The best for this machine: digital-life brain use better" in shown


def test_the_list_for_programs(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["best"], listed["kind"]) == ("better", "llamacpp")
    here = next(it for it in listed["brains"] if it["in_use"])
    assert (here["name"], here["measured"], here["installed"]) == (
        *("qwen2.5-coder-0.5b", True, True),
    )


def test_one_command_fetches_tries_and_keeps(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert run("use", "best") == 0
    assert talks == ["better"]
    assert in_settings(tmp_path) == "better"
    assert (store.directory / "better" / "model.gguf").read_bytes() == HUB_ONLY
    told = capsys.readouterr()
    assert "A rainbow is light, bent by drops of rain." in told.err
    assert "better answers from now on" in told.out
    assert run("use", "default") == 0
    assert in_settings(tmp_path) == "qwen2.5-coder-0.5b"


def test_a_file_of_the_hub_by_reference(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path
) -> None:
    assert run("use", REFERENCE) == 0
    assert in_settings(tmp_path) == NAME
    asked = len(server.asked)
    assert run("use", REFERENCE) == 0  # it is there: the hub is not needed any more
    assert len(server.asked) == asked


def test_a_reference_that_moved_is_refused_while_it_is_not_there(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    server.contents = HUB_ONLY[::-1]  # a wrong checksum: nothing is taken
    assert run("use", REFERENCE) == 6
    server.told["X-Linked-ETag"] = f'"{sha(server.contents)}"'
    assert run("use", REFERENCE) == 2
    assert f"digital-life models remove {NAME}" in capsys.readouterr().err
    assert in_settings(tmp_path) == ""


def test_a_file_of_ones_own(
    store: ModelStore, talks: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"mine")
    monkeypatch.chdir(tmp_path)
    assert run("use", "mine.gguf") == 0
    assert in_settings(tmp_path) == str(tmp_path / "mine.gguf")
    assert run("use", "other.gguf") == 3


def test_what_does_not_fit_is_refused_before_it_is_fetched(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert run("use", "vast", "--yes") == 2
    assert "needs 60.4 GB of memory, 51.2 GB can be used" in capsys.readouterr().err
    assert (server.asked, talks, in_settings(tmp_path)) == ([], [], "")


def test_a_size_that_the_hub_makes_up_is_refused_with_the_numbers(
    store: ModelStore, server: HubServer, capsys: Capture
) -> None:
    server.told["X-Linked-Size"] = str(10**14)
    assert run("use", REFERENCE) == 2
    assert "needs 110000.5 GB of memory" in capsys.readouterr().err
    assert [wanted for _, wanted in server.asked] == ["HEAD"]
    assert not (store.directory / NAME).exists()


@pytest.mark.parametrize(
    ("status", "told"), [(401, "hf auth login"), (403, "hf auth login"), (404, "does not offer it")]
)
def test_what_the_hub_does_not_give(
    store: ModelStore, server: HubServer, tmp_path: Path, capsys: Capture, status: int, told: str
) -> None:
    server.statuses = [status]
    assert run("use", REFERENCE) == 6
    assert told in capsys.readouterr().err
    assert len(server.asked) == 1


@pytest.mark.usefixtures("nobody")
def test_a_licence_that_restricts_use_is_accepted_first(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert run("use", "closed") == 2
    assert "Only for research." in capsys.readouterr().err
    assert server.asked == []
    assert run("use", "closed", "--yes") == 0
    assert in_settings(tmp_path) == "closed"


@pytest.mark.parametrize(
    ("word", "code"), [("ear", 2), ("no-such-model", 2), ("hub:nonsense", 3), ("hub:a/b/c.bin", 3)]
)
def test_what_is_no_brain_is_refused(store: ModelStore, word: str, code: int) -> None:
    assert run("use", word) == code


@pytest.mark.parametrize("answer", [["!"], [" ", "\n"]])
def test_a_model_that_does_not_answer_changes_nothing(
    store: ModelStore,
    server: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: list[str],
) -> None:
    monkeypatch.setattr(brain_use, "make_brain", lambda settings, store: FakeChat(answer))
    assert run("use", "better") == 1
    assert in_settings(tmp_path) == ""


def test_a_model_that_cannot_be_loaded_changes_nothing(
    store: ModelStore, server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> FakeChat:
        raise SetupError("of a kind llama.cpp does not know")

    monkeypatch.setattr(brain_use, "make_brain", fail)
    assert run("use", "better") == 2
    assert in_settings(tmp_path) == ""


def test_what_else_is_in_the_settings_stays(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path
) -> None:
    config(tmp_path).parent.mkdir()
    config(tmp_path).write_text("# mine\n[brain]\nthreads = 2 # two\n", encoding="utf-8")
    assert run("use", "better") == 0
    kept = config(tmp_path).read_text(encoding="utf-8")
    assert kept.startswith("# mine\n[brain]\nthreads = 2 # two\n")
    assert in_settings(tmp_path) == "better"


def test_a_slow_model_is_kept_and_told_of(
    store: ModelStore,
    talks: list[str],
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(brain_use, "MAX_FIRST_CLAUSE_S", -1.0)
    assert run("use", "default") == 0
    assert "That is slow for talking" in capsys.readouterr().err


def propose(tmp_path: Path, *, yes: bool) -> str:
    settings = load(config(tmp_path)).settings if config(tmp_path).exists() else Settings()
    brain_use.propose(settings, None, yes=yes)
    return in_settings(tmp_path)


@pytest.mark.usefixtures("nobody")
def test_set_up_names_a_better_one_and_takes_it_only_if_told_to(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert propose(tmp_path, yes=False) == ""
    assert "digital-life brain use better" in capsys.readouterr().out
    assert server.asked == []
    assert propose(tmp_path, yes=True) == "better"
    capsys.readouterr()
    propose(tmp_path, yes=True)
    assert capsys.readouterr().out == ""  # it is in use


@pytest.mark.usefixtures("nobody")
def test_set_up_without_a_hub_keeps_what_there_is(
    store: ModelStore, talks: list[str], tmp_path: Path, capsys: Capture, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert propose(tmp_path, yes=True) == ""
    assert "the present brain stays" in capsys.readouterr().err


@pytest.mark.usefixtures("nobody")
def test_set_up_does_not_fail_where_a_download_does(
    store: ModelStore, server: HubServer, talks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    server.contents = HUB_ONLY[::-1]
    assert propose(tmp_path, yes=True) == ""
    assert "The present brain stays." in capsys.readouterr().err


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(("words", "kept"), [((), ""), (("--yes",), "better")])
def test_set_up_ends_with_the_proposal(
    store: ModelStore,
    server: HubServer,
    talks: list[str],
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: Patch,
    words: tuple[str, ...],
    kept: str,
) -> None:
    monkeypatch.setattr(system_packages, "install", lambda needs: [])
    assert main(["setup", *words]) == 0
    assert "digital-life brain use better" in capsys.readouterr().out
    assert in_settings(tmp_path) == kept


def test_set_up_leaves_another_kind_of_brain_alone(store: ModelStore, capsys: Capture) -> None:
    settings = Settings.model_validate({"brain": {"kind": "openai"}})
    brain_use.propose(settings, None, yes=True)
    assert capsys.readouterr().out == ""


class FakeClient:
    """A running daemon that has read its settings again."""

    waiting: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.posted = asked_of_the_daemon

    def post(self, path: str) -> dict[str, object]:
        self.posted.append(path)
        return {"changed": [], "needs_restart": list(self.waiting)}


asked_of_the_daemon: list[str] = []


@pytest.mark.parametrize(
    ("waiting", "posted"),
    [
        (("brain.model",), ["settings/reload", "restart"]),
        (("ears.model",), ["settings/reload"]),
        ((), ["settings/reload"]),
    ],
)
def test_a_running_daemon_begins_anew_if_its_brain_is_another_now(
    store: ModelStore,
    talks: list[str],
    monkeypatch: pytest.MonkeyPatch,
    waiting: tuple[str, ...],
    posted: list[str],
) -> None:
    asked_of_the_daemon.clear()
    monkeypatch.setattr(FakeClient, "waiting", waiting)
    monkeypatch.setattr(brain_use, "Client", FakeClient)
    assert run("use", "default") == 0
    assert asked_of_the_daemon == posted
