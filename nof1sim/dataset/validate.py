"""validate(): everything that a dataset says of itself, compared with itself. Only read, never changed, never left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ..errors import DatasetError
from .validation import calendar, leaks, manifests, maps, pictures, references, study, tables
from .validation.findings import Checked, Log, Validation
from .validation.subject import Skip, Subject, subject_of

Tell = Callable[[int, int, str], None]
"""Called with pictures looked at, pictures in all, and what is going on."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `run(subject, log)` reports to the log and returns how many things (`of`) it looked at.

    steps : whether `run` takes a third argument, called with pictures done and what is going on.
    """

    name: str
    title: str
    of: str
    run: Callable[..., int]
    steps: bool = False


CHECKS = (
    Check("manifests", "The manifests are sound, and of a version that can be read", "manifests", manifests.manifests),
    Check("files", "Every covered file is there and has the listed bytes", "files", manifests.files),
    Check("foreign", "No other file lies in the folder", "files", manifests.foreign),
    Check("card", "README.md says that the dataset is synthetic", "files", leaks.without_truth),
    Check("protocol", "The protocol is one, and has the dataset's digest", "protocols", study.protocol),
    Check("tables", "Columns, types, order; what may be empty", "rows", tables.schemas),
    Check("counts", "The manifest counts what is there", "numbers", study.counts),
    Check("ids", "No row stands there twice", "rows", tables.ids),
    Check("calendar", "Days, dates, blocks and occasions without holes", "rows", calendar.calendar),
    Check("truth", "The truth has the same people, days, treatments and blocks", "rows", calendar.truth),
    Check("names", "Every picture is named once, as its day says", "pictures", references.names),
    Check("truth files", "Masks, layers and lesion maps for all or none", "files", references.truth_files),
    Check("references", "Rows are of people, pictures and lesions that exist", "rows", references.rows),
    Check("records", "What is recorded is what the truth says was kept", "rows", study.records),
    Check("leaks", "Nothing of the truth outside truth/", "columns and files", leaks.leaks),
    Check("maps", "Lesion maps say what the lesion table says; faces for all", "patients", maps.maps),
    Check("images", "Images: readable, size, format, labelled as synthetic", "pictures", pictures.images, True),
    Check("masks", "Masks, boxes and areas agree to the pixel", "pictures", pictures.masks, True),
    Check("layers", "Layers: readable, of the image's size", "files", pictures.layers, True),
)
"""Every check of a dataset by itself, in the order in which they are run."""

NEEDS_MANIFEST = CHECKS[0].name
PAUSE_SECONDS = 0.1


def validate(
    url: str | os.PathLike[str],
    tell: Tell = lambda done, total, what: None,
    more: Sequence[Check] = (),
) -> Validation:
    """Look through a dataset for whatever is wrong.

    Never raises for what it finds in the folder: damage, absurd sizes, links out of it are findings.

    Parameters
    ----------
    url : folder, or fsspec URL
    more : further checks, run after those of `CHECKS` (see `nof1sim.simulation.validation`)

    Raises
    ------
    DatasetError
        There is no such folder, or it cannot be looked through.
    """
    subject = subject_of(url)
    checked: list[Checked] = []
    logs: list[Log] = []
    step = _Steps(subject, tell)
    for check in (*CHECKS, *more):
        tell(0, 0, check.title)
        log = Log(check.name)
        looked, skipped = 0, ""
        try:
            if check.name != NEEDS_MANIFEST and not subject.manifest:
                raise Skip("there is no manifest to go by")
            looked = check.run(subject, log, step) if check.steps else check.run(subject, log)
        except Skip as why:
            skipped = str(why)
        except DatasetError as error:
            log.error("", f"cannot be checked: {error}", "")
        except (Exception, pl.exceptions.PanicException) as error:  # whatever damage makes a library raise
            log.error("", f"cannot be checked: {type(error).__name__}: {error}", "See the other findings first.")
        logs.append(log)
        checked.append(Checked(check.name, check.title, check.of, looked, log.errors, log.warnings, skipped))
    return Validation(
        state=subject.state,
        digest=str(subject.manifest.get("digest", "")),
        checks=tuple(checked),
        findings=tuple(found for log in logs for found in log.kept),
        notes=tuple(note for log in logs for note in log.notes),
    )


class _Steps:
    """Tells of progress, ten times a second at most."""

    def __init__(self, subject: Subject, tell: Tell) -> None:
        self._subject, self._tell, self._last = subject, tell, 0.0

    def __call__(self, done: int, what: str, total: int | None = None) -> None:
        now = time.monotonic()
        if now - self._last >= PAUSE_SECONDS:
            self._last = now
            images: Any = self._subject.manifest.get("images")
            count = images.get("count") if isinstance(images, dict) else 0
            self._tell(done, total or (count if isinstance(count, int) else 0), what)
