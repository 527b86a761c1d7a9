"""The report of a dataset: one HTML file that needs nothing else. Every day of every patient to look at."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..dataset import layout, pieces
from ..dataset.reader import Dataset
from ..dataset.target import TEMPORARY, letters
from ..errors import DatasetError, InputError
from ..model import Unit
from . import page_html, page_quality, page_texts
from .page_patient import boxes_of, side_of
from .page_pictures import Sampling, sample, thumbnails, units_shown
from .page_study import MOST_COURSES, Study, courses, evenly, sequences, twins_of

Tell = Callable[[int, int, str], None]
"""Called with pictures done, pictures in all, and what is going on."""

MEGABYTE = 1_000_000
LEAST_MB = 0.5
GENERATOR = "nof1sim report"


def write_report(
    dataset: Dataset,
    out: str | os.PathLike[str] | None = None,
    *,
    max_mb: float = 20.0,
    overwrite: bool = False,
    tell: Tell = lambda done, total, what: None,
) -> Path:
    """Write the page; where it now lies. Equal datasets give equal bytes.

    Parameters
    ----------
    out : a local file; default `DIR-report.html` beside the dataset.
    max_mb : size at most, in millions of bytes; patients, days and sizes of pictures are chosen to fit.
    overwrite : replace an earlier report; no other file is ever replaced.

    Raises
    ------
    InputError
        A size that no page fits in.
    DatasetError
        A place that is taken or cannot be written, a damaged dataset.
    """
    if not max_mb >= LEAST_MB:
        raise InputError(f"--max-mb: got {max_mb:g}; allowed: {LEAST_MB:g} and more (millions of bytes).")
    place = _place(dataset, out)
    _refuse_taken(place, overwrite)
    studies = [Study(dataset), *twins_of(Study(dataset))]
    parts = _fitting(studies, int(max_mb * MEGABYTE), tell)
    making = place.with_name(f"{TEMPORARY}{secrets.token_hex(8)}.html")
    with letters(dataset.target, str(place)):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with making.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(parts)
            os.replace(making, place)
        finally:
            with suppress(OSError):
                making.unlink(missing_ok=True)
    return place


def page_of(studies: Sequence[Study], ranks: Sequence[int], sampling: Sampling | None) -> dict[str, Any]:
    """The document of the whole study: what stands above and below the patients.

    Parameters
    ----------
    ranks : patients that can be opened.
    sampling : how pictures were chosen; None where all can be had (`view`).
    """
    study = studies[0]
    manifest = study.dataset.manifest
    design = page_texts.design_of(study)
    shown = sorted({*evenly(len(study.ids), MOST_COURSES), *ranks})
    card = study.dataset.read(layout.CARD).decode("utf-8", "replace") if _has(study, layout.CARD) else ""
    return {
        "title": design["title"] if design else _title(card),
        "about": study.dataset.about.says,
        "patients": len(study.ids),
        "days": study.days,
        "pictures": sum(map(len, study.units.values())),
        "views": study.views,
        "occasions": study.occasions,
        "size_px": manifest.get("images", {}).get("size_px"),
        "labels": study.labels,
        "scale": list(study.scale),
        "truth": study.has_truth,
        "twins": [twin.label for twin in studies[1:]],
        "ranks": list(ranks),
        "sequences": sequences(study),
        "courses": courses(study, shown),
        "sampling": None if sampling is None else asdict(sampling),
        "design": design,
        "nuisance": page_quality.nuisance_of(study),
        "saturation": page_quality.saturation_of(study),
        "checks": page_quality.checks_of(study),
        "validation": _validation(study),
        "analysis": page_texts.analysis_of(study),
        "card": page_texts.card_sections(card),
        "provenance": {"digest": manifest.get("digest", ""), "versions": manifest.get("versions", {})},
        "generator": f"{GENERATOR} {__version__}",
    }


def patient_of(studies: Sequence[Study], rank: int, shown: Sequence[Sequence[Unit]]) -> dict[str, Any]:
    """The document of a patient: a side for the dataset and one for each twin, with the pictures `shown` of each."""
    patient_id = studies[0].ids[rank]
    sides = []
    for study, mine in zip(studies, shown, strict=True):
        side = side_of(study, patient_id)
        side["at"] = [[unit.day, unit.occasion, study.views.index(unit.view)] for unit in mine]
        if "lesions" in side and mine and pieces.files_of(study.dataset.target, "boxes"):
            size = study.dataset.manifest["images"]["size_px"]
            boxes = boxes_of(study.dataset, patient_id, side["lesions"]["id"], size)
            side["boxes"] = [boxes.get(Unit(0, unit.day, unit.occasion, unit.view), "") for unit in mine]
        sides.append(side)
    return {"rank": rank, "sides": sides}


def whole_page(
    studies: Sequence[Study], ranks: Sequence[int], sampling: Sampling | None, documents: Iterator[str], served: bool
) -> Iterator[str]:
    """The parts of the HTML, in order."""
    page = page_of(studies, ranks, sampling)
    yield page_html.head(f"{page['title']} · nof1sim", served)
    yield page_html.embedded("page", page)
    yield from documents
    yield from page_html.tail()


def _fitting(studies: Sequence[Study], limit: int, tell: Tell) -> list[str]:
    """The parts of the best page of at most `limit` bytes."""

    def detail_bytes(rank: int) -> tuple[int, int]:
        whole = patient_of(studies, rank, [study.units.get(rank, []) for study in studies])
        boxes = [box for side in whole["sides"] for box in side.pop("boxes", [])]
        return len(page_html.document(whole).encode()), sum(map(len, boxes)) // max(1, len(boxes)) + 14

    page = page_of(studies, (), None)
    fixed = page_html.fixed_bytes() + len(page_html.document(page).encode()) + 10_000
    for sampling in sample(studies, limit - fixed, detail_bytes):
        parts = list(whole_page(studies, sampling.ranks, sampling, _documents(studies, sampling, tell), False))
        if sum(len(part.encode()) for part in parts) <= limit:
            return parts
    needed = f"{(fixed + sum(detail_bytes(0)) * 2) / MEGABYTE:.1f}" if studies[0].ids else "1"
    raise InputError(f"--max-mb: {limit / MEGABYTE:g} is too little for this dataset. Give at least {needed} or so.")


def _documents(studies: Sequence[Study], sampling: Sampling, tell: Tell) -> Iterator[str]:
    """Two documents a patient: numbers, and pictures, which the page only unpacks when they are looked at."""

    def units(study: Study, rank: int) -> list[Unit]:
        return units_shown(study, rank, sampling.every, sampling.twin_every)

    total = sum(len(units(study, rank)) for study in studies for rank in sampling.ranks)
    done = 0
    for rank in sampling.ranks:
        shown = [units(study, rank) for study in studies]
        yield page_html.embedded(f"patient-{rank}", patient_of(studies, rank, shown))
        sides = []
        for study, mine in zip(studies, shown, strict=True):
            sides.append(thumbnails(study, mine, sampling))
            done += len(mine)
            tell(done, total, "Shrinking pictures")
        yield page_html.embedded(f"pictures-{rank}", sides)


def _validation(study: Study) -> dict[str, Any] | None:
    """What `validate --json` said of this dataset, if it lies in `DIR-validation.json`."""
    local = study.dataset.target.local
    if local is None:
        return None
    path = local.resolve().with_name(f"{local.resolve().name}-validation.json")
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise DatasetError(f"{path}: is no JSON document ({error}). Write it again, or remove it.") from error
    return page_quality.validation_of(document, study.dataset.manifest.get("digest", ""))


def _has(study: Study, path: str) -> bool:
    return study.dataset.target.exists(path)


def _title(card: str) -> str:
    line = next((line for line in card.splitlines() if line.startswith("# ")), "# A dataset of N-of-1 trials")
    return line.removeprefix("# ").strip()


def _place(dataset: Dataset, out: str | os.PathLike[str] | None) -> Path:
    if out is not None:
        return Path(out)
    local = dataset.target.local
    if local is None:
        raise DatasetError(f"--out: {dataset.url} is remote; say where on this machine the page goes: --out FILE.html")
    return local.resolve().with_name(f"{local.resolve().name}-report.html")


def _refuse_taken(place: Path, overwrite: bool) -> None:
    if place.is_symlink() or place.is_dir():
        raise DatasetError(f"{place}: is a folder or a link. Give another --out.")
    if not place.exists():
        return
    with place.open("rb") as file:
        ours = GENERATOR.encode() in file.read(2000)
    if not ours:
        raise DatasetError(f"{place}: exists and is no report. Give another --out, or move it away.")
    if not overwrite:
        raise DatasetError(f"{place}: exists. Give --overwrite to replace it, or another --out.")
