"""A real S3 server (moto's) on loopback, which can be told to fail, to be slow or to refuse, and counts requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

BUCKET = "trials"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
}
WRITES = ("PUT", "POST", "DELETE")


def answer(status: str, code: str) -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{status}</Message></Error>'.encode()


@dataclass
class Store:
    """A WSGI application around moto's: `meddle(method, path)` gives (status, code) to answer instead, or None."""

    app: Any
    url: str = ""
    meddle: Callable[[str, str], tuple[str, str] | None] = lambda method, path: None
    slow_seconds: float = 0.0
    requests: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path.startswith("/moto-api"):
            return self.app(environ, start_response)
        with self.lock:
            self.requests.append((method, path))
        time.sleep(self.slow_seconds)
        found = self.meddle(method, path)
        if found is None:
            return self.app(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(found[0], [("Content-Type", "application/xml")])
        return [b"" if method == "HEAD" else answer(*found)]

    @property
    def counts(self) -> Counter[str]:
        return Counter(method for method, _ in self.requests)

    def heal(self) -> None:
        """Behave again, and forget what was asked."""
        self.meddle, self.slow_seconds = (lambda method, path: None), 0.0
        self.requests.clear()

    def fails(self, times: int, status: str = "503 Slow Down", code: str = "SlowDown", only: str = "") -> None:
        """Answer the next so many requests (of one method) with an error."""
        left = [times]

        def meddle(method: str, path: str) -> tuple[str, str] | None:
            with self.lock:
                if left[0] and (not only or method == only):
                    left[0] -= 1
                    return status, code
            return None

        self.meddle = meddle


@contextmanager
def serving() -> Iterator[Store]:
    """The server, while it runs; skips where moto or s3fs are missing."""
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed (nof1sim[s3])")
    serving = pytest.importorskip("werkzeug.serving")
    store = Store(server.DomainDispatcherApplication(server.create_backend_app))
    http = serving.make_server("127.0.0.1", 0, store, threaded=True)
    store.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": store.url}).items():
            patch.setenv(name, value)
        forget_clients()
        import s3fs

        s3fs.S3FileSystem().mkdir(BUCKET)
        store.heal()
        try:
            yield store
        finally:
            http.shutdown()
            forget_clients()


def forget_clients() -> None:
    """The next file system reads the environment anew."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
