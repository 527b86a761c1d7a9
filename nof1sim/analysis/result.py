"""What an analysis found, and its document: result.json by schemas/analysis.v1.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

import polars as pl

from .course import Contrast, Effect, Floats
from .embed import Embedder
from .reduce import Score

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class CarryOver:
    """How wash-in and carry-over are reckoned with, in the estimate that is printed first.

    kind : "exposure" (time constants known), "dropped" (first days of each period left out) or "ignored".
    tau_days, gamma_days : label -> wash-in and wash-out, of "exposure".  drop_days : of "dropped".
    """

    kind: str
    drop_days: int = 0
    tau_days: Mapping[str, float] = field(default_factory=dict)
    gamma_days: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.kind == "exposure":
            known = ", ".join(f"{name} {self.tau_days[name]:g}/{self.gamma_days[name]:g}" for name in self.tau_days)
            return f"exposure regressors with wash-in/wash-out of {known} days: estimates the steady state"
        if self.kind == "dropped":
            return f"first {self.drop_days} days of each period dropped: a lower bound of the steady state"
        return "ignored: estimates the realised contrast over all days"


@dataclass(frozen=True, slots=True)
class Person:
    """One patient: estimates by every test, the first of them the one to read; shrunken estimate; cautions."""

    patient_id: str
    days: int
    effects: tuple[Effect, ...]
    shrunken: Effect | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of every row that has one, and how it was made.

    name : the embedder's, or the column's of a recorded score.  rows : patient_id, day, occasion, treatment, period,
    ... as `Study.rows`.  values : (n,), NaN where missing.  score : of an image score.  plane : (n, 2) first two
    principal components of the vectors, for a plot.  steps : preprocessing in plain sentences.  notes : the embedder's.
    seconds : to fit and embed.  fitted : the embedder, to keep or to ask again.
    """

    name: str
    rows: pl.DataFrame
    values: Floats
    score: Score | None = None
    plane: Floats | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    fitted: Embedder | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one score says of the effect. The first pooled effect is the one to read."""

    scored: Scored
    pooled: tuple[Effect, ...]
    people: tuple[Person, ...]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.scored.name


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """A whole analysis: the contrast asked for, how carry-over was treated, an answer per score."""

    study: str
    contrast: Contrast
    baseline: str
    patients: int
    days: int
    missing: int
    carryover: CarryOver
    answers: tuple[Answer, ...]
    warnings: tuple[str, ...]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]

    def answer(self, name: str) -> Answer:
        """The answer of a score. A KeyError if there is none of that name."""
        return next(answer for answer in self.answers if answer.name == name)

    def document(self) -> dict[str, Any]:
        """The result as JSON values (a number that does not exist is null)."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "answers"}
        answers = [
            {
                "score": answer.name,
                "made": _made(answer.scored),
                "pooled": answer.pooled,
                "people": answer.people,
                "warnings": answer.warnings,
            }
            for answer in self.answers
        ]
        return _plain({"schema_version": SCHEMA_VERSION, **plain, "answers": answers})


def _made(scored: Scored) -> dict[str, Any]:
    score = scored.score
    about: dict[str, Any] = {"steps": scored.steps, "notes": scored.notes, "rows": int(scored.values.size)}
    if score is not None:
        about |= {
            "reduction": score.method,
            "explained": [float(x) for x in score.explained[:5]],
            "between_patients": score.between_share,
            "sign": score.anchor,
            "redness_correlation": score.anchor_r,
        }
    return about


def _plain(value: object) -> Any:
    """JSON's own types: no NaN or infinity, no tuples, no dataclasses."""
    if is_dataclass(value):
        return _plain(asdict(value))  # type: ignore[arg-type]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None
