"""The result of a comparison of renderers: what each measure is, its value, unit and n; as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ... import __version__
from ...grading.saved import json_bytes
from .cases import Settings

KIND, VERSION = "nof1sim comparison of renderers", 1
Best = Literal["high", "low", "one", "none"]


@dataclass(frozen=True, slots=True)
class Measure:
    """title, unit and definition; n : what is counted; best : high, low, near one, or none (only told).

    digits : behind the point in the table."""

    title: str
    unit: str
    n: str
    best: Best
    what: str
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Value:
    """A figure. None: not measured, and `note` says why. error : standard error.  low, high : 95 % interval."""

    value: float | None
    n: int = 0
    error: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


MEASURES: dict[str, Measure] = {
    "severity_redness": Measure(
        "severity by redness, within", "Spearman", "patients", "high",
        "rank correlation of the redness score with the requested severity over a patient's days; median"),
    "severity_redness_all": Measure(
        "severity by redness, all", "Spearman", "pictures", "high", "the same over all patients and days"),
    "severity_grader": Measure(
        "severity by grader, within", "Spearman", "patients", "high",
        "rank correlation of a trained grader's expected grade or count with the requested severity; median"),
    "severity_grader_all": Measure(
        "severity by grader, all", "Spearman", "pictures", "high", "the same over all patients and days"),
    "identity_within": Measure(
        "distance within a person", "SD units", "pictures", "none",
        "mean distance of two days of one person in the embedder's space"),
    "identity_between": Measure(
        "distance between persons", "SD units", "pictures", "none", "mean distance of two persons on one day"),
    "identity_ratio": Measure(
        "within / between", "ratio", "pictures", "low", "1: days of a person differ as persons do"),
    "rank1": Measure(
        "person found again", "share", "pictures", "high",
        "days whose nearest clear face, among the renderer's own of all persons, is their person's"),
    "rank1_analytic": Measure(
        "the protocol's person", "share", "pictures", "high",
        "days whose nearest clear face, among the analytic renderer's, is their person's"),
    "outside_grey": Measure(
        "change outside lesions", "grey levels", "pairs of days", "low",
        "mean absolute change to the next day outside the analytic supports of both days"),
    "outside_share": Measure(
        "pixels changed outside", "share", "pairs of days", "low", "share of those pixels that change at all"),
    "inside_grey": Measure(
        "change within lesions", "grey levels", "pairs of days", "none",
        "the same within the supports: a picture that stands still has 0 here, too"),
    "core_contrast": Measure(
        "redness of the lesions", "log(R/G)", "lesion-days", "none",
        "how much redder the analytic cores are than their ring, beyond the renderer's own clear face", 3),
    "persistence": Measure(
        "same lesion next day", "Pearson", "patients", "high",
        "correlation of that redness with the same lesion's next day; 0 where it is below .1 of the analytic one"),
    "agreement": Measure(
        "redness where the truth has it", "Pearson", "patients", "high",
        "correlation, pixel by pixel, of the redness added to the clear face with the analytic one; median"),
    "mask_iou": Measure(
        "own mask, next day", "IoU", "lesion-days", "high",
        "overlap of a lesion's core in the renderer's own masks, or of all that it changed, with the next day's"),
    "diversity": Measure(
        "distance between people", "SD units", "people", "none",
        "mean distance of two pictures of different persons, one each, in the first feature space"),
    "diversity_ratio": Measure(
        "diversity / analytic", "ratio", "people", "one", "over that of the analytic renderer's same persons"),
    "nearest": Measure(
        "distance to the training", "SD units", "people", "none",
        "median distance of a picture to its nearest training picture, in the first feature space"),
    "nearest_ratio": Measure(
        "distance / held-out", "ratio", "people", "one",
        "over that of analytic pictures of persons outside the training; an interval below 1 warns"),
    "copies": Measure(
        "copies of the training", "share", "people", "low",
        "pictures within 2 grey levels (mean) of their nearest training picture"),
    "kid": Measure(
        "KID", "MMD^2", "people", "low",
        "unbiased squared MMD, cubic kernel, to analytic pictures of other people; ± jackknife SE", 3),
    "ms": Measure(
        "ms a picture", "ms", "pictures", "low", "median, a person's further pictures, one at a time, one thread"),
    "ms_new": Measure(
        "ms a new person", "ms", "patients", "low", "median, a person's first picture"),
    "model_mb": Measure("size of the model", "MB", "", "none", "of the weights' file"),
    "training_seconds": Measure("training", "s", "", "none", "as the checkpoint's folder says", 0),
}  # fmt: skip
"""Every measure; the KID has one a feature space, `kid_pca` and so on."""

PER_SPACE = "kid"


@dataclass(frozen=True, slots=True)
class Row:
    """A renderer's figures. model : what its manifest says, of a learned one. pairs : the nearest (crowd, training,
    distance). warnings : what a reader must not overlook."""

    renderer: str
    title: str
    values: Mapping[str, Value]
    model: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[int, int, float], ...] = ()
    warnings: tuple[str, ...] = ()


def measure_of(key: str) -> Measure:
    """The measure behind a key of `Row.values`."""
    if key in MEASURES:
        return MEASURES[key]
    name, _, space = key.partition("_")
    one = MEASURES[name]
    return Measure(f"{one.title} ({space})", one.unit, one.n, one.best, f"{one.what}; features: {space}", one.digits)


def document(
    settings: Settings, rows: Sequence[Row], references: Mapping[str, Value], about: Mapping[str, Any]
) -> dict[str, Any]:
    """compare.json: settings, definitions, a row a renderer, and figures of the references."""
    keys = list(rows[0].values)
    asked = {name: getattr(settings, name) for name in Settings.__dataclass_fields__ if name != "models"}
    return {
        "kind": KIND,
        "schema_version": VERSION,
        "nof1sim": __version__,
        "settings": {**asked, "renderers": list(settings.names), "features": list(settings.features)},
        "about": dict(about),
        "measures": {key: asdict(measure_of(key)) for key in keys},
        "rows": [_plain(row) for row in rows],
        "references": {name: asdict(value) for name, value in references.items()},
    }


def _plain(row: Row) -> dict[str, Any]:
    return {
        "renderer": row.renderer,
        "title": row.title,
        "values": {key: asdict(value) for key, value in row.values.items()},
        "model": dict(row.model),
        "nearest_pairs": [list(pair) for pair in row.pairs],
        "warnings": list(row.warnings),
    }


def to_json(document: Mapping[str, Any]) -> bytes:
    """The document as bytes; numbers that are none become null."""
    return json_bytes(document)


def shown(key: str, value: Value) -> str:
    """A figure as the tables show it."""
    if value.value is None:
        return "-"
    digits = measure_of(key).digits
    text = f"{value.value:.{digits}f}" if abs(value.value) < 10_000 else f"{value.value:.3g}"
    if value.error is not None:
        return f"{text} ± {value.error:.{digits}f}"
    if value.low is not None and value.high is not None:
        return f"{text} ({value.low:.{digits}f} to {value.high:.{digits}f})"
    return text


def lines_of(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The table: a line a measure that some renderer has: title, unit, best, then a cell a renderer."""
    arrows = {"high": "high", "low": "low", "one": "1", "none": ""}
    return [
        (measure_of(key).title, measure_of(key).unit, arrows[measure_of(key).best],
         *(shown(key, row.values[key]) for row in rows))
        for key in rows[0].values
        if any(row.values[key].value is not None for row in rows)
    ]  # fmt: skip


HEAD = ("measure", "unit", "best")


def to_markdown(document: Mapping[str, Any], rows: Sequence[Row], command: str = "") -> str:
    """compare.md: the table, then what was left out, the warnings and the notes."""
    head = (*HEAD, *(row.title for row in rows))
    cells = [head, tuple("---" for _ in head), *lines_of(rows)]
    text = [f"<!-- made by: {command} -->", ""] if command else []
    text += ["| " + " | ".join(line) + " |" for line in cells]
    text += ["", *(f"- {line}" for line in remarks(document, rows))]
    return "\n".join(text) + "\n"


def remarks(document: Mapping[str, Any], rows: Sequence[Row]) -> list[str]:
    """What a reader should know beside the table, a sentence each."""
    about = document["about"]
    lines = [f"{name.replace('_', ' ')}: {text}" for name, text in about.items() if name != "notes"]
    for name, value in document["references"].items():
        if value["value"] is not None:
            lines.append(f"{name.replace('_', ' ')}: {value['value']:.3g} (n = {value['n']})")
    left: dict[str, list[str]] = {}
    for key in rows[0].values:
        notes = {row.values[key].note for row in rows if row.values[key].value is None and row.values[key].note}
        for note in notes:
            left.setdefault(note, []).append(measure_of(key).title)
    lines += [f"left out: {', '.join(titles)}: {note}" for note, titles in left.items()]
    lines += [f"warning: {row.title}: {text}" for row in rows for text in row.warnings]
    return lines + list(about["notes"])
