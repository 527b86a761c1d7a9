"""A grader's score as the outcome of a trial, as Fu et al. 2023 did with theirs: predict, then a linear mixed model.

Fu, Gaertner, Konigorski (arXiv 2302.07547): a network's score of every photograph, then score ~ treatment with a random
intercept per person, by REML. Here the score is the expected grade. The analysis is that of `nof1sim analyze`: which
days are dropped, courses, estimators. `truth/` is never opened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ..analysis.analyze import PACKAGES, Settings, answer, carry_over, check
from ..analysis.course import Effect
from ..analysis.result import AnalysisResult, Scored
from ..analysis.study import Study, read_study
from ..errors import AnalysisError, Fault
from ..versions import versions_of
from .examples import VIEWS
from .pictures import Told
from .predict import Predictions, predict
from .saved import Grader
from .seen import seen_note
from .sources import read_examples

FU2023 = "mixed_intercept"
"""The model of Fu et al.; `mixed` (random slopes, AR(1)) is ours and printed first."""
PREVIEW_TESTS = ("gls", "welch_t")


@dataclass(frozen=True, slots=True)
class GradedTrial:
    """A trial by a grader's score: predictions, the study, its analysis, correlations with the recorded score; notes:
    what speaks against it, also among the warnings of the analysis."""

    found: Predictions
    study: Study
    result: AnalysisResult
    correlation: float
    within: float
    notes: tuple[str, ...] = ()

    @property
    def fu2023(self) -> Effect:
        """The effect by a random intercept per patient alone, as published."""
        pooled = self.result.answers[0].pooled
        return next(effect for effect in pooled if effect.method == FU2023)


def grade_trial(
    grader: Grader, source: str, settings: Settings | None = None, progress: Told | None = None
) -> GradedTrial:
    """Grade every visit of a trial and analyse the expected grade; the recorded score is analysed beside it.

    A visit needs the grader's views; where the trial lacks some, those that it has are taken (a grader averages over
    views), and the first warning says so.

    Raises
    ------
    InputError, AnalysisError
        No dataset of nof1sim, none of the views, or nothing to compare.
    """
    settings = replace(settings or Settings(), images=False)
    check(settings)
    asked, note = _views_here(grader, source)
    found = predict(grader, read_examples(source, asked, labelled=False), None, progress)
    note += seen_note(grader, found.pictures)
    study = read_study(source)
    contrast = study.contrast(settings.contrast)
    carry = carry_over(study, contrast, settings)
    values = _column(study, found)
    scored = [Scored("grader", study.rows, values, steps=(_said(grader),), notes=note)]
    if study.scored and study.rows["score"].count():
        scored.append(Scored(study.scored, study.rows, study.rows["score"].fill_null(float("nan")).to_numpy()))
    answers = tuple(answer(study, one, contrast, carry, settings.tests) for one in scored)
    result = AnalysisResult(
        study.name, contrast, study.baseline, len(study.patient_ids), int(study.rows["day"].max() or 0),  # type: ignore[arg-type]
        int(np.isnan(values).sum()), carry, answers, note, _written(settings), versions_of(PACKAGES),
    )  # fmt: skip
    return GradedTrial(found, study, result, *_correlations(study, values), note)


def _views_here(grader: Grader, source: str) -> tuple[Any, tuple[str, ...]]:
    """What is asked of this trial, and a warning where it lacks views."""
    from ..dataset.reader import Dataset

    asked = replace(grader.asked, every=1, column=None, each_view=False)
    here = Dataset(source).views()
    views = tuple(view for view in asked.views if view in here)
    if not views:
        raise AnalysisError(str(Fault(source, ", ".join(here) or "no photographs", f"views {', '.join(asked.views)}")))
    if grader.asked.each_view:
        views = tuple(view for view in VIEWS if view in views)[:1] or views[:1]
    if views == asked.views:
        return asked, ()
    lacks = f"The grader learnt from {', '.join(grader.asked.views)}; here it sees {', '.join(views)}."
    return replace(asked, views=views), (lacks,)


def _column(study: Study, found: Predictions) -> np.ndarray:
    """The expected grade of each of the study's rows, (n,); NaN without a photograph."""
    scores = pl.DataFrame(
        {
            "patient_id": [item.patient for item in found.examples.items],
            "day": [item.day for item in found.examples.items],
            "occasion": [item.occasion for item in found.examples.items],
            "expected": found.expected,
        }
    )
    joined = study.rows.join(scores, on=["patient_id", "day", "occasion"], how="left", maintain_order="left")
    return joined["expected"].fill_null(float("nan")).to_numpy().astype(float)


def _correlations(study: Study, values: np.ndarray) -> tuple[float, float]:
    """Correlation with the recorded score over all rows, and with each patient's means taken off."""
    recorded = study.rows["score"].fill_null(float("nan")).to_numpy().astype(float)
    keep = np.isfinite(values) & np.isfinite(recorded)
    if keep.sum() < 3 or np.ptp(values[keep]) == 0 or np.ptp(recorded[keep]) == 0:
        return float("nan"), float("nan")
    rows = (
        study.rows.select("patient_id").with_columns(a=pl.Series(values), b=pl.Series(recorded)).filter(pl.Series(keep))
    )
    inner = rows.select((pl.col(c) - pl.col(c).mean().over("patient_id")) for c in ("a", "b"))
    both = [np.corrcoef(frame["a"].to_numpy(), frame["b"].to_numpy())[0, 1] for frame in (rows, inner)]
    return float(both[0]), float(both[1])


def _said(grader: Grader) -> str:
    return f"expected grade (0 to {len(grader.scale) - 1}, {grader.scale.name}) by {grader.folder.name}"


def _written(settings: Settings) -> dict[str, Any]:
    return {"contrast": settings.contrast, "drop_days": settings.drop_days, "tau_days": dict(settings.tau_days),
            "gamma_days": dict(settings.gamma_days), "tests": list(settings.tests)}  # fmt: skip
