"""What a dataset's protocol and seed say, computed and drawn again, compared with what the folder holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from ..dataset import manifest
from ..dataset.columns import TABLES
from ..dataset.reader import open_dataset
from ..dataset.tables import conform
from ..dataset.validation.findings import Log
from ..dataset.validation.references import pictures
from ..dataset.validation.subject import Skip, Subject
from ..protocol import Protocol
from .files import pictures as wide
from .frames import fields_of, frames_of
from .given_file import given_of
from .plan import Plan
from .renderers import renderer_class
from .verify import redrawn, sample_of

ANEW = "Simulate anew, or report it with the protocol."


def protocol_of(subject: Subject) -> Protocol:
    """The protocol, if the dataset has one that can be read."""
    if subject.protocol is None:
        raise Skip("there is no protocol to go by")
    return subject.protocol


def _plan(subject: Subject) -> Plan:
    protocol = protocol_of(subject)
    return Plan(protocol, given_of(open_dataset(subject.target.url), protocol))


def _other_version(subject: Subject, log: Log) -> Any:
    """How a difference is reported: bytes are promised for the versions in the manifest only."""
    if subject.manifest["versions"] == manifest.versions():
        return log.error
    log.note("Other versions made this dataset than are installed here: differences from a redraw are warnings.")
    return log.warn


def redraw_some(subject: Subject, log: Log, step: Any, size: int) -> int:
    """Some pictures, their masks and layers, drawn again, have the bytes that the manifest lists."""
    protocol = protocol_of(subject)
    if not protocol.images.enabled:
        raise Skip("the dataset has no pictures")
    renderer = renderer_class(protocol.images)
    if getattr(renderer, "repeatable", "") != "bitwise":
        raise Skip(f"the renderer {protocol.images.renderer!r} does not promise the same bytes")
    plan, report, looked = _plan(subject), _other_version(subject, log), 0
    units = sample_of(open_dataset(subject.target.url).units(), protocol, size)
    listed = {path: sha256 for path, (sha256, _) in subject.listed.items()}
    for _, differ in redrawn(plan, units, listed):
        step(looked, "Drawing again", len(units))
        looked += 1
        for path in differ:
            report(path, "drawn again, it has other bytes.", "Simulate anew, or report it with the protocol.")
    return looked


def tables_again(subject: Subject, log: Log) -> int:
    """Observations, patients, days and lesions, computed again from the protocol and its seed, are those here."""
    plan, report, looked = _plan(subject), _other_version(subject, log), 0
    views = plan.protocol.images.views
    names = wide(pictures(subject), views)
    for name, frame in _frames(plan, names):
        again = conform(name, frame)
        saved = subject.scan(name).filter(pl.col("patient_id").is_in(again["patient_id"].unique().to_list())).collect()
        looked += again.height
        for what in _differences(again, saved):
            report(TABLES[name].path, what, ANEW)
    return looked


def _frames(plan: Plan, names: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for block in plan.blocks():
        yield from frames_of(plan, block, fields_of(plan, block), names)


def _differences(again: pl.DataFrame, saved: pl.DataFrame) -> Iterator[str]:
    if again.columns != saved.columns:
        yield f"computed again, it has the columns {', '.join(again.columns)}."
    elif again.height != saved.height:
        yield f"computed again, it has {again.height} rows of these patients, not {saved.height}."
    else:
        for column in again.columns:
            other = (~again[column].eq_missing(saved[column])).arg_true()
            if other.len():
                row = other[0]
                yield (
                    f"computed again, {other.len()} values of {column} differ; the first is {again[column][row]!r}, "
                    f"not {saved[column][row]!r} (patient {saved['patient_id'][row]})."
                )
