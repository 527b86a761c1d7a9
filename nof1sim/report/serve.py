"""`nof1sim view`: the same page from a server of this machine only, with the dataset's own pictures and masks."""

from __future__ import annotations

import io
from functools import lru_cache
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

from PIL import Image

from ..dataset import layout
from ..dataset.reader import Dataset
from ..model import Unit
from . import page_html
from .local_server import HOST, Answer, open_server
from .page import patient_of, whole_page
from .page_patient import lesions_of, stage_codes
from .page_pictures import safe_path
from .page_study import Study, twins_of

KEPT_PATIENTS = 8
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


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
    return open_server(Pages(dataset), port)


__all__ = ["HOST", "Pages", "serve"]
