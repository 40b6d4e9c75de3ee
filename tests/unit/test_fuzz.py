"""Whatever stands in a settings file or in the list of models: read, or refused with a message."""

import tomllib
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.config import load, packaged_config
from daemon.errors import SetupError
from daemon.store import manifest
from daemon.store.model_store import ModelStore

LEISURE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
DEFAULTS = tomllib.loads(packaged_config().read_text(encoding="utf-8"))
NAMES = sorted({key for table in DEFAULTS.values() for key in table})

MARKS = ["[", "]", "[[", "]]", "{", "}", "=", ".", ",", '"', "'", '"""', "#", "\n", "\r", "\t"]
SCRAPS = ["0", "-1", "1e999", "0x1F", "true", "nan", "1979-05-27", "\u6570"]
WORD = st.sampled_from([*DEFAULTS, *NAMES, *MARKS, *SCRAPS])
VALUE = st.one_of(
    st.sampled_from(['"default"', "true", "0", "-1", "3", "0.5", "inf", "nan", "[]", '["en"]']),
    st.sampled_from(["{}", "1979-05-27", '""', "[1, 2]", '"\\u0000"', "9" * 30]),
)
LINE = st.tuples(st.sampled_from([*DEFAULTS, "other"]), st.sampled_from([*NAMES, "x"]), VALUE)


def read_settings(folder: Path, text: bytes) -> None:
    path = folder / "config.toml"
    path.write_bytes(text)
    try:
        load(path)
    except SetupError as error:
        assert str(path) in str(error)


@LEISURE
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"x = " + b"[" * 5000)
def test_any_bytes_as_settings(tmp_path: Path, text: bytes) -> None:
    read_settings(tmp_path, text)


@LEISURE
@given(st.lists(WORD, max_size=40).map("".join))
def test_anything_like_toml_as_settings(tmp_path: Path, text: str) -> None:
    read_settings(tmp_path, text.encode())


@LEISURE
@given(st.lists(LINE, max_size=4))
def test_any_value_of_any_setting(tmp_path: Path, lines: list[tuple[str, str, str]]) -> None:
    text = "\n".join(f"{room}.{key} = {value}" for room, key, value in lines)
    read_settings(tmp_path, text.encode())


ROOM = st.sampled_from(["weights", "wheels", "profiles"])
MANIFEST = """
[profiles]
default = ["w"]
[weights.w]
description = {{ en = "a", zh = "b" }}
licence = "MIT"
[[weights.w.files]]
name = {name}
size = {size}
sha256 = {sha}
"""
GOOD = f'"{"0" * 64}"'


@LEISURE
@given(VALUE, VALUE, VALUE)
@example('"model.bin"', "3", GOOD)
def test_any_value_in_the_list_of_models(name: str, size: str, sha: str) -> None:
    try:
        manifest.load(MANIFEST.format(name=name, size=size, sha=sha))
    except SetupError as error:
        assert "list of models" in str(error)


@LEISURE
@given(
    st.lists(WORD | st.sampled_from(["weights", "wheels", "profiles"]), max_size=30).map("".join)
)
@example("weights = 3")
@example("weights.w = 3")
@example("[[weights]]")
@example("wheels = []")
@example("x = " + "[" * 5000)
def test_anything_like_toml_as_the_list_of_models(text: str) -> None:
    try:
        manifest.load(text)
    except SetupError as error:
        assert "list of models" in str(error)


PATHS = st.text(st.sampled_from("ab./\\\0~ \n-"), min_size=1, max_size=12)


@LEISURE
@given(PATHS)
@example("..")
@example("../../etc/passwd")
@example("/etc/passwd")
def test_no_name_in_it_leads_out_of_the_folder(name: str) -> None:
    quoted = "".join(f"\\u{ord(letter):04x}" for letter in name)
    text = MANIFEST.format(name=f'"{quoted}"', size=3, sha=GOOD)
    text = text.replace("weights.w", f'weights."{quoted}"').replace('["w"]', f'["{quoted}"]')
    try:
        known = manifest.load(text)
    except SetupError:
        return
    folder = Path("/nowhere/models")
    place = ModelStore(folder, known).place(name)
    assert place.parent == folder
    assert (place / name).parent == place
    assert name not in (".", "..")
