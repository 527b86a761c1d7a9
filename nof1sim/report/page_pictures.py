"""Thumbnails: which days, how large, how good, so that the page keeps its size; and the way from a unit to its file."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from ..dataset.images import opened
from ..dataset.layout import IMAGES, SUFFIX
from ..dataset.reader import Dataset
from ..errors import DatasetError
from ..model import Unit
from .page_study import Study, evenly

RUNGS = ((384, 80), (384, 70), (320, 75), (320, 65), (256, 70), (256, 60), (224, 60), (192, 60),
         (160, 55), (128, 50), (96, 45))  # fmt: skip
"""Side in pixels and WebP quality of thumbnails, the best first."""
CHOICES = (
    (24, 1, 1, 256),
    (24, 1, 3, 256),
    (12, 1, 3, 256),
    (12, 1, 7, 224),
    (12, 2, 7, 224),
    (12, 3, 14, 192),
    (8, 2, 14, 160),
    (8, 4, 14, 160),
    (4, 4, 14, 128),
    (2, 7, 28, 96),
    (1, 14, 56, 96),
    (1, 100_000, 100_000, 96),
)
"""Patients at most; every so many days, of the dataset and of its twins; side at least. The first that fits counts."""
ENCODER_EFFORT = 2
"""Of WebP. Measured at 384 px, quality 80: 4.4 ms and 7.5 kB; effort 4 takes 10 ms for 7.1 kB."""
TRIED = 8
"""Pictures that are encoded with every rung to estimate sizes."""
PROBED = 3
"""Patients whose texts are made to estimate sizes."""
MARGIN = 1.05
BASE64 = 4 / 3
THREADS = 2
AT_ONCE = 64
MOST_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True)
class Sampling:
    """What the page shows: ranks of the patients with pictures, thumbnails' side and quality.

    every, twin_every : one of so many days is shown, of the dataset and of its twins.
    """

    ranks: tuple[int, ...]
    every: int
    twin_every: int
    side_px: int
    quality: int


def safe_path(dataset: Dataset, unit: Unit) -> str:
    """The file of a picture, if it lies where pictures lie: below images/, no link out of the dataset.

    Raises
    ------
    DatasetError
        The table names a file elsewhere, or the picture does not exist.
    """
    path = dataset.path(unit)
    parts = path.split("/")
    wrong = parts[0] != IMAGES or len(parts) < 2 or not set(parts).isdisjoint({"", ".", ".."}) or "\\" in path
    if wrong or not path.endswith(tuple(SUFFIX.values())):
        raise DatasetError(f"{dataset.url}: the table names the picture {path!r}, which is no file below {IMAGES}/.")
    local = dataset.target.path_of(path)
    if local is not None and not local.resolve().is_relative_to(dataset.target.path_of("").resolve()):  # type: ignore[union-attr]
        raise DatasetError(f"{dataset.url}: {path} leads out of the dataset's folder. Copy the dataset again.")
    return path


def thumbnail(data: bytes, side_px: int, quality: int) -> bytes:
    """A picture as WebP with sides of at most `side_px`; equal input gives equal bytes."""
    with Image.open(io.BytesIO(data)) as peek:
        if peek.width * peek.height > MOST_PIXELS:
            raise DatasetError(f"A picture has {peek.width} x {peek.height} pixels; the page takes 64 million at most.")
    image = opened(data).convert("RGB")
    share = side_px / max(image.size)
    if share < 1:
        size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
        image = image.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, method=ENCODER_EFFORT)
    return file.getvalue()


def units_shown(study: Study, rank: int, every: int, twin_every: int) -> list[Unit]:
    """The pictures of a patient: every so many days, and always the first and last of each period."""
    units = study.units.get(rank, [])
    every = twin_every if study.label else every
    if every <= 1:
        return units
    days = sorted({unit.day for unit in units})
    kept = set(days[::every])
    for _, first, last in study.periods(study.ids[rank]):
        inside = [day for day in days if first <= day <= last]
        kept |= set(inside[:1] + inside[-1:])
    return [unit for unit in units if unit.day in kept]


def sample(studies: Sequence[Study], room: int, detail_bytes: Callable[[int], tuple[int, int]]) -> Iterable[Sampling]:
    """The choices that should fit in `room` bytes, the best first.

    Parameters
    ----------
    studies : the dataset and its twins; all show the same patients and days.
    detail_bytes : of a patient's rank: bytes of the texts, and bytes of texts that go with each picture.

    Raises
    ------
    DatasetError
        Nothing fits.
    """
    study = studies[0]
    probes = [detail_bytes(rank) for rank in evenly(len(study.ids), PROBED)]
    texts, beside = (
        (max(1, sum(column) / max(1, len(probes))) for column in zip(*probes, strict=True)) if probes else (1, 1)
    )
    sizes = _tried(study)
    for most, every, twin_every, least in CHOICES:
        ranks = tuple(evenly(len(study.ids), most))
        pictures = sum(len(units_shown(s, rank, every, twin_every)) for s in studies for rank in ranks)
        for side, quality in RUNGS:
            if pictures and side < least:
                break
            each = sizes.get((side, quality), 0) * BASE64 + beside
            if (pictures * each + len(ranks) * texts) * MARGIN <= room:
                yield Sampling(ranks, every, twin_every, side, quality)


def _tried(study: Study) -> Mapping[tuple[int, int], float]:
    """Mean bytes of a thumbnail of each rung."""
    units = [unit for rank in evenly(len(study.ids), TRIED) for unit in study.units.get(rank, [])]
    some = [units[i] for i in evenly(len(units), TRIED)] if units else []
    data = [study.dataset.read(safe_path(study.dataset, unit)) for unit in some]
    return {rung: sum(len(thumbnail(d, *rung)) for d in data) / len(data) for rung in RUNGS} if data else {}


def thumbnails(
    study: Study, units: Sequence[Unit], sampling: Sampling, tell: Callable[[int], None] = lambda n: None
) -> list[str]:
    """Base64 of a thumbnail of each unit, in order; no more than a handful of pictures is held at a time."""

    def make(unit: Unit) -> str:
        data = study.dataset.read(safe_path(study.dataset, unit))
        return base64.b64encode(thumbnail(data, sampling.side_px, sampling.quality)).decode()

    found: list[str] = []
    with ThreadPoolExecutor(THREADS) as pool:  # Pillow lets other threads work while it decodes and encodes
        for start in range(0, len(units), AT_ONCE):
            found += pool.map(make, units[start : start + AT_ONCE])
            tell(min(AT_ONCE, len(units) - start))
    return found
