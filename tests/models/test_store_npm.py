"""The user's own npm, fetching from a registry on this machine."""

import base64
import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.store.manifest import NpmPackage
from daemon.store.npm import NpmCache
from daemon.store.sources import SourceError
from tests.unit.store.store_helpers import sha
from tests.unit.store.test_npm import tarball

ABOUT = {
    "name": "made-up",
    "version": "1.0.0",
    "scripts": {"prepack": "exit 1", "postinstall": "exit 1"},  # must never run
}
DATA = tarball({"package/package.json": json.dumps(ABOUT).encode(), "package/a.bin": b"1" * 90_000})
PACKAGE = NpmPackage(package="made-up", version="1.0.0", size=len(DATA), sha256=sha(DATA))

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


@contextmanager
def registry() -> Iterator[str]:
    """Serve the package as npm's registry would."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            digest = base64.b64encode(hashlib.sha512(DATA).digest()).decode()
            address = f"http://{self.headers['Host']}/made-up.tgz"
            dist = {"tarball": address, "integrity": f"sha512-{digest}"}
            about = {
                "name": "made-up",
                "dist-tags": {"latest": "1.0.0"},
                "versions": {"1.0.0": {**ABOUT, "dist": dist}},
            }
            known = {"/made-up": json.dumps(about).encode(), "/made-up.tgz": DATA}
            body = known.get(self.path, b"{}")
            self.send_response(200 if self.path in known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def set_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with registry() as address:
        monkeypatch.setenv("npm_config_registry", address)
        monkeypatch.setenv("npm_config_fetch_retries", "0")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield


def test_npm_fetches_from_the_users_registry(tmp_path: Path) -> None:
    cache, seen = NpmCache(tmp_path / "store"), list[int]()
    archive = cache.get(PACKAGE, seen.append)
    assert archive.read_bytes() == DATA
    assert sum(seen) == PACKAGE.size
    cache.clear()
    assert not (tmp_path / "store").exists()


def test_npm_does_not_find_another_version(tmp_path: Path) -> None:
    other = PACKAGE.model_copy(update={"version": "2.0.0"})
    with pytest.raises(SourceError, match="does not offer it"):
        NpmCache(tmp_path / "store").get(other, lambda count: None)


def test_npm_does_not_find_another_package(tmp_path: Path) -> None:
    other = PACKAGE.model_copy(update={"package": "made-down"})
    with pytest.raises(SourceError, match="does not offer it"):
        NpmCache(tmp_path / "store").get(other, lambda count: None)


def test_a_registry_that_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    with pytest.raises(SourceError, match="does not answer"):
        NpmCache(tmp_path / "store").get(PACKAGE, lambda count: None)
