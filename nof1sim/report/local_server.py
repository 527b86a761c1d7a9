"""A server for this machine only: what the pages of `nof1sim view` and `nof1sim landmarks` are served by."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from ..errors import DatasetError, Nof1simError

HOST = "127.0.0.1"
TEXT = "text/plain; charset=utf-8"
MOST_BYTES = 1_000_000
"""Of what a page may send."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Answer = tuple[str, bytes]
"""Content type and body."""


class Pages(Protocol):
    """What can be asked for. A `Nof1simError` becomes a page of its own.

    A class that also has `take(path, body) -> Answer | None` is sent what a page of its own posts as JSON.
    """

    def answer(self, path: str) -> Answer | None:
        """The answer to a path; None where there is nothing of that name."""
        ...


def open_server(pages: Pages, port: int = 0) -> ThreadingHTTPServer:
    """A server, ready to `serve_forever`; `server_address[1]` is its port.

    Raises
    ------
    DatasetError
        The port is taken or not allowed.
    """
    try:
        return _Server((HOST, port), _handler(pages))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatasetError(
            f"--port: {port} cannot be used ({reason}). Give another port of 1024 to 65535, or 0 for a free one."
        ) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "nof1sim"
        sys_version = ""
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._reply(*self._found(lambda: pages.answer(self.path)))

        def do_HEAD(self) -> None:
            self._reply(*self._found(lambda: pages.answer(self.path)), body=False)

        def _reply(self, status: HTTPStatus, kind: str, data: bytes, *, body: bool = True) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def _hosts(self) -> tuple[str, str]:
            port = self.connection.getsockname()[1]
            return f"{HOST}:{port}", f"localhost:{port}"

        def _found(self, ask: Callable[[], Answer | None]) -> tuple[HTTPStatus, str, bytes]:
            if self.headers.get("Host", "") not in self._hosts():
                return HTTPStatus.FORBIDDEN, TEXT, b"This server answers to 127.0.0.1 only.\n"
            try:
                answer = ask()
            except Nof1simError as error:
                return HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, f"{error}\n".encode()
            if answer is None:
                return HTTPStatus.NOT_FOUND, TEXT, b"There is no such page.\n"
            return HTTPStatus.OK, *answer

        def log_message(self, format: str, *args: object) -> None:
            """Silence: the browser shows what goes wrong."""

    class Taking(Handler):
        def do_POST(self) -> None:
            self._reply(*self._posted())

        def _posted(self) -> tuple[HTTPStatus, str, bytes]:
            """What a page of this server sends; of another page's not a byte is read."""
            length = self.headers.get("Content-Length", "")
            own = self.headers.get("Origin") in {f"http://{host}" for host in self._hosts()}
            small = length.isascii() and length.isdigit() and int(length) <= MOST_BYTES
            if not own or not small or self.headers.get("Content-Type") != "application/json":
                self.close_connection = True
                return HTTPStatus.FORBIDDEN, TEXT, b"Only this server's own page may send something.\n"
            body = self.rfile.read(int(length))
            return self._found(lambda: pages.take(self.path, body))  # pyright: ignore[reportAttributeAccessIssue] (asked below)

    return Taking if hasattr(pages, "take") else Handler
