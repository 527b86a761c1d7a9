"""`nof1sim landmarks`: a page of this machine only, on which a person clicks the key points of their photographs."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import secrets
from collections.abc import Sequence
from functools import lru_cache
from http.server import ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from ..errors import InputError, Nof1simError
from ..render.portrait.photograph import Photograph, read_photograph
from ..render.portrait.sidecar import find_sidecar, load_sidecar, sidecar_places, write_sidecar
from ..render.skin.warp import LEAST_POINTS, PLACES
from .landmarks_points import TO_CLICK, chart_of_points, face_lines, preview
from .local_server import Answer, open_server
from .page_html import document

SHOWN_PX = 2600
"""Longer side of a photograph as the page shows it; points are in the photograph's own pixels."""
SOURCE = "clicked"
SCRIPTS = ("state", "draw", "main")


class LandmarkPages:
    """What can be asked for, all below `/TOKEN/`: the page, `photo/N`, `points/N`; and posted: `fit/N`, `save/N`.

    The token is drawn anew for each server: no other page and no other user of this machine can guess it. Photographs
    are asked for by their number in `photographs`; no path of a request ever becomes a file's.
    """

    def __init__(self, photographs: Sequence[Path]) -> None:
        self.paths = list(photographs)
        self.token = secrets.token_urlsafe(18)
        self._photograph = lru_cache(2)(read_photograph)
        self._asked = {"photo": self._picture, "points": self._points}
        self._taken = {"fit": self._fit, "save": self._save}

    def answer(self, path: str) -> Answer | None:
        """The answer to a path; None where there is nothing of that name."""
        words = self._words(path)
        if words == [""]:
            return "text/html; charset=utf-8", self._page().encode()
        number = self._number(words)
        return None if number is None or words[0] not in self._asked else self._asked[words[0]](number)

    def take(self, path: str, body: bytes) -> Answer | None:
        """The answer to what the page posts."""
        words = self._words(path)
        number = self._number(words)
        if number is None or words[0] not in self._taken:
            return None
        try:
            points = json.loads(body)["points_px"]
            given = {str(name): None if at is None else (float(at[0]), float(at[1])) for name, at in points.items()}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise InputError("points_px: names and [x, y] are wanted.") from None
        return self._taken[words[0]](number, given)

    def _words(self, path: str) -> list[str]:
        """The words of a path below the token; none for any other."""
        token, _, rest = urlsplit(path).path.removeprefix("/").partition("/")
        return rest.split("/") if secrets.compare_digest(token.encode(), self.token.encode()) else []

    def _number(self, words: list[str]) -> int | None:
        plain = len(words) == 2 and words[1].isascii() and words[1].isdigit() and len(words[1]) < 7
        return int(words[1]) if plain and int(words[1]) < len(self.paths) else None

    def _page(self) -> str:
        script = '"use strict";\n(() => {\n' + "\n".join(_web(f"{name}.js") for name in SCRIPTS) + "\n})();\n"
        style = _web("page.css")
        policy = (
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src 'self' data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'"
        )
        photos = [{"name": path.name, "done": find_sidecar(path) is not None} for path in self.paths]
        said = {"photos": photos, "points": chart_of_points(), "face": face_lines(), "least": LEAST_POINTS}
        return Template(_web("page.html")).substitute(
            policy=html.escape(policy), style=style, script=script, document=document(said)
        )

    def _picture(self, number: int) -> Answer:
        """The photograph, upright, without its metadata."""
        image = Image.fromarray(self._photograph(self.paths[number]).pixels)
        image.thumbnail((SHOWN_PX, SHOWN_PX), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=92, subsampling=0)
        return "image/jpeg", file.getvalue()

    def _points(self, number: int) -> Answer:
        """The photograph's size, and the points of its sidecar that the page knows, if it has one that can be read."""
        photograph = self._photograph(self.paths[number])
        beside, points, message = find_sidecar(self.paths[number]), {}, ""
        if beside is not None:
            try:
                found = load_sidecar(beside, _size(photograph)).points_px
                points = {name: found.get(name) for name, *_ in TO_CLICK}
            except Nof1simError as error:
                message = str(error)
        return _json({"size_px": _size(photograph), "points_px": points, "message": message})

    def _fit(self, number: int, points: dict[str, tuple[float, float] | None]) -> Answer:
        known = {name: at for name, at in points.items() if at is not None and name in PLACES}
        return _json(preview(known))

    def _save(self, number: int, points: dict[str, tuple[float, float] | None]) -> Answer:
        path = self.paths[number]
        target = find_sidecar(path) or sidecar_places(path)[0]
        write_sidecar(target, points, _size(self._photograph(path)), SOURCE)
        return _json({"saved": target.name})


def _size(photograph: Photograph) -> tuple[int, int]:
    height, width = photograph.pixels.shape[:2]
    return width, height


def _json(value: Any) -> Answer:
    return "application/json", json.dumps(value, allow_nan=False).encode()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _web(name: str) -> str:
    return (files("nof1sim.report") / "web_landmarks" / name).read_text(encoding="utf-8")


def serve_landmarks(photographs: Sequence[Path], port: int = 0) -> tuple[ThreadingHTTPServer, str]:
    """A server, ready to `serve_forever`, and the path of its page (`/TOKEN/`).

    Raises
    ------
    DatasetError
        The port is taken or not allowed.
    """
    pages = LandmarkPages(photographs)
    return open_server(pages, port), f"/{pages.token}/"
