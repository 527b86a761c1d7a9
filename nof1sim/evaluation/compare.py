"""Several pipelines side by side on one dataset: the harness for the users' own models."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..analysis.analyze import Settings, Told, answer, carry_over, check
from ..analysis.plots import COLOURS, load_pyplot
from ..analysis.result import Answer
from ..analysis.study import Study, read_study
from ..dataset.reader import Dataset
from ..errors import AnalysisError, Fault, Nof1simError
from .folder import truth_of
from .recovery import ALPHA, of_answer
from .replicate import ORACLE, SCORE, Trial, scored_by

TWIN = "-twins/zero-effect"
"""Where a simulation with --twins puts the null twin of a dataset, after the dataset's own name."""


@dataclass(frozen=True, slots=True)
class Row:
    """A pipeline's result; effects in grades.

    r : within-patient correlation with true severity.  truth, estimate, low, high, p : of the pooled effect that is
    read first.  responders, signs, detected : as in `Recovery`.  false_p : the pooled p on the null twin (NaN without
    one); false_patients : share of its patients with p < .05.  seconds : for the score, on this dataset.
    """

    pipeline: str
    r: float
    truth: float
    estimate: float
    low: float
    high: float
    p: float
    responders: int
    signs: int
    detected: int
    false_p: float
    false_patients: float
    seconds: float
    warnings: tuple[str, ...] = ()
    failure: str = ""


def null_twin(source: str, given: str | None) -> str | None:
    """The null twin of a dataset: the folder that is named, or the one that --twins made beside it."""
    if given is not None:
        return given
    beside = Path(f"{str(source).rstrip('/')}{TWIN}")
    return str(beside) if beside.is_dir() else None


def compare(
    source: str,
    pipelines: Sequence[str],
    *,
    null: str | None = None,
    settings: Settings | None = None,
    progress: Told | None = None,
) -> list[Row]:
    """A row a pipeline, then the recorded score and the oracle (true lesion count) as the ceiling.

    A pipeline that fails has a row that says why.

    Raises
    ------
    AnalysisError
        The dataset has no truth to compare with; a contrast or reduction that cannot be.
    DatasetError
        No dataset.
    """
    settings = settings or Settings()
    main, twin = _trial(source), _trial(null) if null else None
    check(settings)
    carry_over(main.study, main.study.contrast(settings.contrast), settings)
    names = list(dict.fromkeys([*pipelines, SCORE, ORACLE]))
    rows = []
    for i, name in enumerate(names):
        if progress:
            progress(i, len(names), f"Pipeline {name}")
        try:
            rows.append(_row(name, main, twin, settings))
        except Nof1simError as error:
            none = float("nan")
            rows.append(Row(name, none, none, none, none, none, none, 0, 0, 0, none, none, none, failure=str(error)))
    if progress:
        progress(len(names), len(names), "Done")
    return rows


def _trial(source: str) -> Trial:
    Dataset(source)  # the letter about what is no dataset
    truth = truth_of(source)
    if truth is None:
        advice = "Without the truth there is nothing to compare pipelines with; use nof1sim analyze."
        raise AnalysisError(str(Fault(source, "no truth/", "a simulated dataset with its truth", advice)))
    return Trial(read_study(source), truth)


def _row(name: str, main: Trial, twin: Trial | None, settings: Settings) -> Row:
    start = time.perf_counter()
    found = _answer(name, main, settings)
    seconds = time.perf_counter() - start
    contrast = main.study.contrast(settings.contrast)
    drop = carry_over(main.study, contrast, settings).drop_days
    got = of_answer(found, main.truth, contrast, drop)
    head = next((one for one in got.found if one.level == "pooled"), None)
    first = found.pooled[0]
    low, high = sorted((first.low / got.slope, first.high / got.slope))
    false = _answer(name, twin, settings) if twin else None
    p = [person.effects[0].p for person in false.people if person.effects] if false else []
    return Row(
        name, got.within_r, head.truth if head else np.nan, first.estimate / got.slope, low, high, first.p,
        got.responders, got.signs, got.detected, false.pooled[0].p if false else np.nan,
        float(np.mean(np.array(p) < ALPHA)) if p else np.nan, found.scored.seconds or seconds, found.warnings,
    )  # fmt: skip


def _answer(name: str, trial: Trial, settings: Settings) -> Answer:
    study: Study = trial.study
    contrast = study.contrast(settings.contrast)
    scored = scored_by(trial, [name], settings)[0]
    return answer(study, scored, contrast, carry_over(study, contrast, settings), ())


def files(rows: Sequence[Row]) -> list[tuple[str, bytes]]:
    """benchmark.csv and benchmark.png."""
    plain: list[dict[str, Any]] = [asdict(row) | {"warnings": " | ".join(row.warnings)} for row in rows]
    table = pl.DataFrame(plain).fill_nan(None).write_csv(line_terminator="\n").encode()
    return [("benchmark.png", plot(rows)), ("benchmark.csv", table)]


def plot(rows: Sequence[Row]) -> bytes:
    """How well each score follows severity, and its estimate beside the truth. PNG."""
    plt = load_pyplot()
    place = -np.arange(len(rows))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 1.4 + 0.34 * len(rows)), sharey=True)
    left.barh(place, [row.r for row in rows], color=COLOURS[0], height=0.6)
    left.set_yticks(place, [row.pipeline for row in rows])
    left.set_xlim(min(0.0, *(row.r for row in rows if np.isfinite(row.r)), 0.0), 1)
    left.set_xlabel("correlation with true severity, within patients")
    for y, row in zip(place, rows, strict=True):
        right.plot([row.low, row.high], [y, y], color="#222222", lw=1.2)
        right.plot(row.estimate, y, "o", color="#222222", ms=4)
        right.plot([row.truth, row.truth], [y - 0.35, y + 0.35], color=COLOURS[1], lw=2)
    right.axvline(0, color="#888888", lw=0.8)
    right.set_xlabel("pooled effect, grades, 95 %; red: the truth")
    file = io.BytesIO()
    figure.savefig(file, dpi=110, metadata={"Software": "nof1sim"})
    plt.close(figure)
    return file.getvalue()
