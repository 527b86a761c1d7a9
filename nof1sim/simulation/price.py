"""What a run costs before it starts: from its grid, and from a few pictures that are drawn, written and thrown away."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from ..dataset import manifest, parts
from ..dataset.packing import Loose
from ..dataset.tables import TABLES, conform, write_csv, write_parquet
from ..dataset.target import Target
from ..model import Unit
from ..protocol import Protocol, with_changes
from ..severity.given import Given
from . import files, frames
from .plan import Plan
from .worker import Worker, WorkOrder

IMAGE_BYTES_PER_PIXEL = {"jpeg": 0.35, "png": 1.4, "webp": 0.22}
"""Measured on the default face with its sensor noise, quality 95."""
TRUTH_BYTES_PER_DAY = 14_000
MASK_BYTES_PER_PIXEL = 0.05
LAYER_BYTES_PER_PIXEL = {"parts": 0.02, "depth": 0.6, "normals": 0.8, "chart": 2.5, "binary": 0.01}

PATIENTS = 4
"""Patients that a calibration draws, spread over the cohort."""
DAYS = 6
"""Days of each in each view, spread over the study."""
SECONDS = 14.0
"""After so long a calibration begins no further view."""
ROWS = 200
"""Rows that are written to time them: fewer would time the start of a table."""
PROBE_PICTURES = 6
"""Pictures that the probes of quality draw of each patient and view (see `nof1sim.simulation.quality`)."""


@dataclass(frozen=True, slots=True)
class Size:
    """The grid of a run. pictures: at most, where some may go missing."""

    patients: int
    patient_days: int
    pictures: int
    views: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What a calibration found, an entry a patient. Seconds are a processor's: whatever else runs here does not count.

    face_s, picture_s : seconds to prepare a face in one view; to draw and write one further picture.
    tables_s : to compute and write the tables.
    picture_bytes, truth_bytes : of an image; of its masks and layers.  row_bytes : of its rows in the tables.
    table_bytes : of the other tables, a day.  memory_bytes : peak of this process; None where the system does not say.
    """

    face_s: tuple[float, ...]
    picture_s: tuple[float, ...]
    tables_s: tuple[float, ...]
    picture_bytes: float
    truth_bytes: float
    row_bytes: float
    table_bytes: float
    memory_bytes: int | None
    drawn: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Price:
    """What a run costs. core_s: seconds of one core for the pictures: as the quickest, the mean, the slowest patient of
    the sample would have it; closing_s: for the tables afterwards, in one process."""

    core_s: tuple[float, float, float]
    closing_s: float
    image_bytes: float
    truth_bytes: float
    table_bytes: float

    def wall_s(self, workers: int) -> float:
        """Seconds from start to end with so many workers."""
        return self.core_s[1] / workers + self.closing_s


def size_of(protocol: Protocol) -> Size:
    """How big the grid is."""
    days = protocol.cohort.patients * protocol.days
    views = len(protocol.images.views) if protocol.images.enabled else 0
    return Size(protocol.cohort.patients, days, days * protocol.images.occasions_per_day * views, views)


def rough_bytes(protocol: Protocol) -> float:
    """Bytes of the dataset by the rule of thumb, without drawing anything."""
    images, size = protocol.images, size_of(protocol)
    each = IMAGE_BYTES_PER_PIXEL[images.format] + MASK_BYTES_PER_PIXEL * images.masks
    each += sum(LAYER_BYTES_PER_PIXEL[name] for name in images.layers)
    return size.pictures * images.size_px**2 * each + size.patient_days * TRUTH_BYTES_PER_DAY


def price(protocol: Protocol, sample: Sample) -> Price:
    """The cost of a run of which `sample` is a calibration: proportional to patients, days and pictures."""
    size = size_of(protocol)
    each = size.pictures / size.patients + PROBE_PICTURES * size.views
    costs = [size.views * face + each * one for face, one in zip(sample.face_s, sample.picture_s, strict=True)] or [0.0]
    low, mean, high = (size.patients * one for one in (min(costs), fmean(costs), max(costs)))
    return Price(
        core_s=(low, mean, high),
        closing_s=size.patients * fmean(sample.tables_s),
        image_bytes=size.pictures * sample.picture_bytes,
        truth_bytes=size.pictures * sample.truth_bytes,
        table_bytes=size.patient_days * sample.table_bytes + size.pictures * sample.row_bytes,
    )


def calibrate(protocol: Protocol, given: Given | None = None) -> Sample:
    """Draw, encode and write some pictures of some patients into a temporary folder, and compute their tables.

    About a quarter of a minute after everything is loaded; longer where one view of one face takes longer.
    """
    plan, start = Plan(protocol, given), time.perf_counter()
    count = protocol.cohort.patients
    ranks = sorted({index * count // PATIENTS for index in range(PATIENTS)})
    rows: list[dict[str, object]] = []
    faces, pictures, tables, sizes = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        manifest.start(Target(folder), protocol.canonical_json(), protocol.digest)  # what a worker looks for
        worker = Worker(WorkOrder(protocol.canonical_json(), folder, given)) if protocol.images.enabled else None
        _warm_up(protocol, folder, given)
        begun = time.perf_counter()
        for rank in ranks:
            times = [_timed(worker, units, rows) for units in _some(plan, rank, begun)] if worker else []
            if times:
                faces.append(fmean(first - fmean(others) for first, *others in times))
                pictures.append(fmean(fmean(others) for _, *others in times))
            seconds, size = _tables(plan, rank)
            tables.append(seconds)
            sizes.append(size)
            if time.perf_counter() - begun > SECONDS:
                break
    row_s, row_bytes = _rows(plan, rows)
    each = size_of(protocol).pictures / count
    return Sample(
        face_s=tuple(max(0.0, one) for one in faces),
        picture_s=tuple(pictures),
        tables_s=tuple(seconds + each * row_s for seconds in tables),
        picture_bytes=_mean(rows, ("image",)),
        truth_bytes=_mean(rows, parts.KINDS[1:]),
        row_bytes=row_bytes,
        table_bytes=fmean(sizes) / protocol.days,
        memory_bytes=peak_bytes(),
        drawn=len(rows),
        seconds=time.perf_counter() - start,
    )


def peak_bytes() -> int | None:
    """The most memory that this process ever held; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _warm_up(protocol: Protocol, folder: str, given: Given | None) -> None:
    """Load, or compile, what is loaded once: with another person's face, lest the first one be known already."""
    other = protocol if given is not None else with_changes(protocol, seed=protocol.seed + 1)
    plan = Plan(other, given)
    _tables(plan, 0)
    if units := plan.units_of(0)[:1] if protocol.images.enabled else []:
        _timed(Worker(WorkOrder(other.canonical_json(), folder, given)), units, [])


def _some(plan: Plan, rank: int, start: float) -> Iterator[list[Unit]]:
    """Pictures of a patient, spread over the study, view by view while there is time."""
    units = plan.units_of(rank)
    for view in plan.protocol.images.views:
        own = [unit for unit in units if unit.view == view]
        some = own[:: max(1, len(own) // DAYS)][: DAYS + 1]
        if len(some) > 1 and time.perf_counter() - start < SECONDS:
            yield some


def _timed(worker: Worker, units: Sequence[Unit], rows: list[dict[str, object]]) -> list[float]:
    """Seconds of processor for each picture, one after another; the rows of their parts go to `rows`."""
    seconds = []
    for unit in units:
        begun = time.process_time()
        view = worker.plan.view(unit)
        render = worker.renderer.render([view])[0]
        rows.append(worker.write(unit, view, render, Loose(worker.target)))
        seconds.append(time.process_time() - begun)
    return seconds


def _tables(plan: Plan, rank: int) -> tuple[float, int]:
    """Seconds of processor and bytes of one patient's tables, without those of the pictures."""
    begun = time.process_time()
    block = plan._block(rank, 1)  # pyright: ignore[reportPrivateUsage]  (past the cache)
    fields = frames.fields_of(plan, block)
    named = files.pictures(parts.none(), plan.protocol.images.views)
    size = sum(_bytes(name, frame) for name, frame in frames.frames_of(plan, block, fields, named))
    size += sum(len(data) for _, data in map(files.persistence, fields))
    return time.process_time() - begun, size


def _rows(plan: Plan, rows: Sequence[Mapping[str, object]]) -> tuple[float, float]:
    """Seconds of processor and bytes of a picture's rows in the tables."""
    if not rows:
        return 0.0, 0.0
    known = [{"digest": "", **row} for row in rows]
    size = _row_tables(plan, known) - _row_tables(plan, [])  # without what a file has once
    many = known * -(-ROWS // len(known))
    begun = time.process_time()
    _row_tables(plan, many)
    return (time.process_time() - begun) / len(many), size / len(known)


def _row_tables(plan: Plan, rows: Sequence[Mapping[str, object]]) -> int:
    held = pl.DataFrame(rows, schema=parts.SCHEMA)
    found = {"images": frames.images(plan, held, "1")}
    found |= {"boxes": frames.of("1", parts.boxes_of(held)), "keypoints": frames.of("1", parts.points_of(held))}
    return sum(_bytes(name, frame) for name, frame in found.items())


def _bytes(name: str, frame: pl.DataFrame) -> int:
    frame = conform(name, frame)
    return len(write_csv(frame, header=False) if TABLES[name].path.endswith(".csv") else write_parquet(frame))


def _mean(rows: Sequence[Mapping[str, object]], kinds: Sequence[str]) -> float:
    sizes = [sum(int(str(row[f"{kind}_bytes"] or 0)) for kind in kinds) for row in rows]
    return fmean(sizes) if sizes else 0.0
