"""A hub on this machine, as far as its client asks of it, with repositories of our own."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PIECE = 1000


@dataclass
class Hub:
    """Repositories by "org/name": revisions with the directories that they hold.

    asked: the paths of requests, in order. broken: how many more downloads of weights break off half way.
    gate: where weights wait after their first 1000 bytes, until it is set; None does not wait.
    """

    repositories: dict[str, dict[str, Path]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: int = 0
    gate: threading.Event | None = None
    url: str = ""

    def commit(self, name: str, revision: str) -> str | None:
        """The commit that a revision names, or that has this very hash."""
        for known in self.repositories.get(name, {}):
            digest = hashlib.sha1(f"{name}@{known}".encode(), usedforsecurity=False).hexdigest()
            if revision in (known, digest):
                return digest
        return None

    def files(self, name: str, commit: str) -> dict[str, Path]:
        """The files of a commit by their paths in it."""
        for revision, directory in self.repositories[name].items():
            if self.commit(name, revision) == commit:
                paths = (path for path in directory.rglob("*") if path.is_file())
                return {path.relative_to(directory).as_posix(): path for path in paths}
        return {}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, answering at hub.url meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            parts = path.strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                self.api("/".join(parts[2:4]), parts[4], "/".join(parts[5:]))
            elif parts[2:3] != ["resolve"]:
                self.fail("EntryNotFound")  # what else the client would like to know
            else:
                self.resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]), with_body=with_body)

        def api(self, name: str, what: str, revision: str) -> None:
            if name not in hub.repositories:
                self.fail("RepoNotFound")
                return
            commit = hub.commit(name, revision)
            if commit is None:
                self.fail("RevisionNotFound")
            elif what == "revision":
                self.send({"id": name, "sha": commit, "siblings": []})
            else:
                files = hub.files(name, commit).items()
                entries = [
                    {"type": "file", "path": path, "size": file.stat().st_size, "oid": tag(file)}
                    for path, file in files
                ]
                self.send(entries)

        def resolve(self, name: str, commit: str, path: str, *, with_body: bool) -> None:
            file = hub.files(name, commit)[path]
            content = file.read_bytes()
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("ETag", f'"{tag(file)}"')
            self.send_header("X-Repo-Commit", commit)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if not with_body:
                return
            if hub.broken and path.endswith(".safetensors"):
                hub.broken -= 1
                self.wfile.write(content[start : start + len(content) // 2])
                self.close_connection = True
                return
            if path.endswith(".safetensors"):
                self.send_weights(content[start:])
            else:
                self.wfile.write(content[start:])

        def send_weights(self, content: bytes) -> None:
            with suppress(OSError):  # the client may hang up
                self.wfile.write(content[:PIECE])
                if hub.gate is not None:
                    hub.gate.wait(60)
                self.wfile.write(content[PIECE:])

        def send(self, value: object) -> None:
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def fail(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def tag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def repositories(**named: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """Repositories of the organisation "org"."""
    return {f"org/{name}": dict(revisions) for name, revisions in named.items()}
