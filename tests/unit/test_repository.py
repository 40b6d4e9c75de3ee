"""What must be true of the repository as a whole."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MAX_LINES = 320  # of a file; about 300 is the aim, and a longer file holds two ideas
MAX_ANY = 60  # places where a type is not known, in all of the package
MAX_METHODS = 15  # of a class; a larger one is two classes


def test_the_wheel_carries_what_a_checkout_has_beside_the_package() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    included = build["build"]["targets"]["wheel"]["force-include"]
    for source in included:
        assert (ROOT / source).exists(), source
    assert included["config.toml"] == "daemon/config.toml"
    assert included["models/models.toml"] == "daemon/models.toml"
    assert included["models/talk/adapter.gguf"] == "daemon/talk/adapter.gguf"


def test_no_file_holds_two_ideas() -> None:
    for path in (ROOT / "daemon").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES, path


def test_a_terminal_does_not_decide_what_another_program_may_say() -> None:
    """In GBK or Latin-1 not everything that systemd or the sound server prints can be read."""
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess."):
                words = {word.arg for word in node.keywords}
                assert "text" not in words or "errors" in words, f"{path}:{node.lineno}"
                assert "encoding" not in words or "errors" in words, f"{path}:{node.lineno}"


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield path, node


def test_no_public_class_name_means_two_things() -> None:
    places = defaultdict(list)
    for path, node in classes():
        if not node.name.startswith("_"):
            places[node.name].append(str(path.relative_to(ROOT)))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert not twice


def test_no_class_is_two_classes() -> None:
    for path, node in classes():
        methods = [
            one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert len(methods) <= MAX_METHODS, (path, node.name, len(methods))


def test_types_are_known() -> None:
    unknown = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "daemon").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "Any"
    ]
    assert len(unknown) <= MAX_ANY, unknown


def test_every_requirement_is_pinned_for_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    named = {requirement.split(">")[0].strip().lower() for requirement in project["dependencies"]}
    assert named - pinned <= {"pip"}
