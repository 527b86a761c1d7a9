"""`nof1sim view`: the same page from a server of this machine only, with the dataset's own pictures and masks."""

from __future__ import annotations

import io
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from PIL import Image

from ..dataset import layout
from ..dataset.reader import Dataset
from ..errors import DatasetError, Nof1simError
from ..model import Unit
from . import page_html
from .page import patient_of, whole_page
from .page_patient import lesions_of, stage_codes
from .page_pictures import safe_path
from .page_study import Study, twins_of

HOST = "127.0.0.1"
KEPT_PATIENTS = 8
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
Answer = tuple[str, bytes]
"""Content type and body."""


class Pages:
    """What can be asked for: `/`, `/patient/RANK`, `/image/SIDE/RANK/DAY/OCCASION/VIEW` and `/mask/...` alike.

    Pictures are found by their unit in the study's own list; no path of the request ever becomes a file's.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.studies = [Study(dataset), *twins_of(Study(dataset))]
        self.page = "".join(
            whole_page(self.studies, range(len(self.studies[0].ids)), None, iter(()), served=True)
        ).encode()
        self._patient = lru_cache(KEPT_PATIENTS)(self._make_patient)
        self._runs = lru_cache(KEPT_PATIENTS)(self._make_runs)

    def answer(self, path: str) -> Answer | None:
        """The answer to a path; None where there is nothing of that name."""
        words = urlsplit(path).path.strip("/").split("/")
        if words == [""]:
            return "text/html; charset=utf-8", self.page
        numbers = [int(word) if word.isascii() and word.isdigit() and len(word) < 10 else -1 for word in words]
        if words[0] == "patient" and len(words) == 2 and 0 <= numbers[1] < len(self.studies[0].ids):
            return "application/json", self._patient(numbers[1])
        if words[0] in ("image", "mask") and len(words) == 6 and 0 <= numbers[1] < len(self.studies):
            study, unit = self.studies[numbers[1]], Unit(numbers[2], numbers[3], numbers[4], words[5])
            if unit in study.units.get(unit.rank, []):
                return self._image(study, unit) if words[0] == "image" else self._mask(numbers[1], unit)
        return None

    def _make_patient(self, rank: int) -> bytes:
        return page_html.document(
            patient_of(self.studies, rank, [study.units.get(rank, []) for study in self.studies])
        ).encode()

    def _make_runs(self, side: int, rank: int) -> list[tuple[int, list[int]]]:
        study = self.studies[side]
        lesions = lesions_of(study.dataset, study.ids[rank])
        return list(zip(lesions["id"], lesions["runs"], strict=True))

    def _image(self, study: Study, unit: Unit) -> Answer:
        path = safe_path(study.dataset, unit)
        return TYPES[f".{path.rpartition('.')[2]}"], study.dataset.read(path)

    def _mask(self, side: int, unit: Unit) -> Answer | None:
        """A mask as PNG: the red of a pixel is 1 + the stage of its lesion that day, 0 where there is none."""
        study = self.studies[side]
        safe_path(study.dataset, unit)
        path = layout.mask_of(study.dataset.path(unit))
        local = study.dataset.target.path_of(path)
        root = study.dataset.target.path_of("")
        if local is not None and root is not None and not local.resolve().is_relative_to(root.resolve()):
            return None
        if not study.has_truth or not study.dataset.target.exists(path):
            return None
        codes = stage_codes(study.dataset.mask(unit), self._runs(side, unit.rank), unit.day)
        file = io.BytesIO()
        Image.fromarray(codes).save(file, "PNG", compress_level=1)
        return "image/png", file.getvalue()


def serve(dataset: Dataset, port: int = 0) -> ThreadingHTTPServer:
    """A server, ready to `serve_forever`; `server_address[1]` is its port.

    Raises
    ------
    DatasetError
        The port is taken or not allowed.
    """
    pages = Pages(dataset)
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
            self._reply(body=True)

        def do_HEAD(self) -> None:
            self._reply(body=False)

        def _reply(self, *, body: bool) -> None:
            status, kind, data = self._found()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def _found(self) -> tuple[HTTPStatus, str, bytes]:
            text = "text/plain; charset=utf-8"
            port = self.connection.getsockname()[1]
            if self.headers.get("Host", "") not in (f"{HOST}:{port}", f"localhost:{port}"):
                return HTTPStatus.FORBIDDEN, text, b"This server answers to 127.0.0.1 only.\n"
            try:
                answer = pages.answer(self.path)
            except Nof1simError as error:
                return HTTPStatus.INTERNAL_SERVER_ERROR, text, f"{error}\n".encode()
            if answer is None:
                return HTTPStatus.NOT_FOUND, text, b"There is no such page.\n"
            return HTTPStatus.OK, *answer

        def log_message(self, format: str, *args: object) -> None:
            """Silence: the browser shows what goes wrong."""

    return Handler


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
