"""What the manifests say of the study: the protocol behind it, its digest, and that the tables are of that study."""

from __future__ import annotations

from typing import Any

import polars as pl
from pydantic import ValidationError

from ...errors import Nof1simError
from ...protocol import Protocol
from ..layout import DAYS, MANIFEST, OBSERVATIONS, TRUTH_MANIFEST
from .calendar import name_rows
from .findings import Log
from .subject import Skip, Subject
from .tables import MEND


def protocol(subject: Subject, log: Log) -> int:
    """The protocol is one, its digest is the dataset's, and the manifest counts what the protocol asks for."""
    if not subject.truth:
        raise Skip("the protocol is in truth/, which is not here")
    try:
        found = Protocol.model_validate(subject.truth["protocol"])
    except (ValidationError, Nof1simError) as error:
        what = str(error).strip().splitlines()[0]
        log.error(TRUTH_MANIFEST, f"its protocol is none that this nof1sim can read ({what}).", MEND)
        return 1
    if found.digest != subject.manifest["digest"]:
        log.error(TRUTH_MANIFEST, "the digest is not that of the protocol: one of them was changed.", MEND)
    subject.protocol = found
    images = subject.manifest.get("images")
    said = {"patients": subject.manifest.get("patients"), "days": subject.manifest.get("days")}
    said |= {f"images.{name}": images.get(name) for name in ("size_px", "views")} if isinstance(images, dict) else {}
    asked: dict[str, Any] = {"patients": found.cohort.patients, "days": found.days}
    asked |= {"images.size_px": found.images.size_px, "images.views": found.images.views}
    for name, value in asked.items():
        if said.get(name) != value:
            log.error(MANIFEST, f"{name} is {said.get(name)!r}; the protocol says {value!r}.", MEND)
    return 1


def counts(subject: Subject, log: Log) -> int:
    """The manifest's number of patients, days and pictures are those of the table."""
    table = subject.frame("observations")
    images = subject.manifest.get("images")
    there = {
        "patients": (subject.manifest.get("patients"), table["patient_id"].n_unique()),
        "days": (subject.manifest.get("days"), table["day"].max()),
        "images.count": (
            images.get("count") if isinstance(images, dict) else None,
            sum(table[f"image_{view}"].count() for view in subject.views),
        ),
    }
    for name, (said, found) in there.items():
        if said != found:
            log.error(MANIFEST, f"{name} is {said!r}; {OBSERVATIONS} has {found!r}.", MEND)
    return len(there)


def records(subject: Subject, log: Log) -> int:
    """What stands in observations.csv is what the truth says was recorded: equal where kept, empty where lost."""
    if not subject.truth:
        raise Skip("what was lost is told in truth/, which is not here")
    seen, true = subject.frame("observations"), subject.frame("days")
    looked = 0
    for (occasion,), part in seen.group_by("occasion", maintain_order=True):
        end = "" if occasion == 1 else f"_{occasion}"
        both = part.join(true.select("patient_id", "day", *_records_of(true, end)), on=["patient_id", "day"])
        looked += both.height
        for column in [name for name in part.columns if _is_record(name)]:
            complete = f"complete_{'score' if column == 'AcneSeverity' else column}{end}"
            if complete not in both.columns:
                log.error(DAYS, f"lacks {complete}, the column behind {column} of {OBSERVATIONS}.", MEND)
                continue
            kept = pl.when(~pl.col(f"score_missing{end}")).then(pl.col(complete))
            other = both.filter(~pl.col(column).eq_missing(kept))
            name_rows(other, OBSERVATIONS, f"{column} is not what {DAYS} says was recorded", log)
        for view in subject.views:
            missing = pl.col(f"image_{view}").is_null()
            other = both.filter(missing != (pl.col(f"image_missing{end}") | pl.lit(not _pictured(subject))))
            name_rows(other, OBSERVATIONS, f"there is a photograph ({view}) where {DAYS} says none, or none", log)
    return looked


def _is_record(name: str) -> bool:
    return name in ("AcneSeverity", "self_report") or name.startswith("rater_")


def _records_of(true: pl.DataFrame, end: str) -> list[str]:
    """The columns of the truth about the records of one occasion."""
    names = [name for name in true.columns if name.startswith("complete_") and name.endswith(end)]
    return [*names, *(name for name in (f"score_missing{end}", f"image_missing{end}") if name in true.columns)]


def _pictured(subject: Subject) -> bool:
    return subject.protocol is None or subject.protocol.images.enabled
