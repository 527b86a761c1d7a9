"""A hub on loopback: enough of its routes for the client to list and fetch, and some ways to go wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Files from this size on are "large files" with a SHA-256, the smaller ones have none."""


@dataclass
class FakeHub:
    """repos : name -> path -> bytes.  cuts : path -> how often its download breaks off in the middle.
    wrong : paths that are served with other bytes of the same length.  asked : every request's method and path."""

    repos: Mapping[str, Mapping[str, bytes]]
    cuts: dict[str, int] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def downloads(self, path: str) -> int:
        """How often a file's bytes were asked for."""
        return sum(line.startswith("GET") and line.endswith(f"/{path}") for line in self.asked)


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.hub.asked.append(f"{self.command} {path}")
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+).*)?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        repo, revision = (api.group(1), api.group(3)) if api else (file.group(1), file.group(2)) if file else ("", "")
        if repo in self.hub.gated:
            self._json(403, {"error": "gated"}, {"X-Error-Code": "GatedRepo"}, with_body)
        elif repo not in self.hub.repos:
            self._json(404, {"error": "none"}, {"X-Error-Code": "RepoNotFound"} if repo else {}, with_body)
        elif revision not in (None, "main", COMMIT):
            self._json(404, {"error": "none"}, {"X-Error-Code": "RevisionNotFound"}, with_body)
        elif api:
            self._json(200, self._listing(repo, tree=api.group(2) == "tree"), {}, with_body)
        elif file and file.group(3) in self.hub.repos[repo]:
            self._file(file.group(3), self.hub.repos[repo][file.group(3)], with_body)
        else:
            self._json(404, {"error": "none"}, {"X-Error-Code": "EntryNotFound"}, with_body)

    def _listing(self, repo: str, tree: bool) -> object:
        files = []
        for path, data in self.hub.repos[repo].items():
            blob = hashlib.sha1(data).hexdigest()
            one = {"size": len(data), "oid": blob, "blobId": blob, "path": path, "rfilename": path, "type": "file"}
            if len(data) >= LARGE:
                one["lfs"] = {"oid": sha256(data), "sha256": sha256(data), "size": len(data), "pointerSize": 130}
            files.append(one)
        return files if tree else {"id": repo, "sha": COMMIT, "siblings": files, "private": False, "tags": []}

    def _file(self, path: str, data: bytes, with_body: bool) -> None:
        large = len(data) >= LARGE
        etag = sha256(data) if large else hashlib.sha1(data).hexdigest()
        start, _, _ = (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")
        body = (data[:-1] + bytes([data[-1] ^ 1]) if path in self.hub.wrong else data)[int(start) :]
        self.send_response(206 if int(start) else 200)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        if int(start):
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if large:
            self.send_header("X-Linked-Etag", f'"{etag}"')
            self.send_header("X-Linked-Size", str(len(data)))
        self.end_headers()
        if not with_body:
            return
        if self.hub.cuts.get(path, 0) > 0:
            self.hub.cuts[path] -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def _json(self, status: int, document: object, headers: Mapping[str, str], with_body: bool) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)
