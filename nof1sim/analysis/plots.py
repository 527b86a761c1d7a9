"""Pictures of an analysis: what people would rather look at than read. matplotlib, PNG."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import AnalysisError
from .course import Course
from .result import AnalysisResult, Answer
from .study import Study

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
"""Paul Tol's bright scheme (SRON/EPS/TN/09-002): told apart with colour blindness, too."""
SHOWN = 24
"""Patients beyond this many are left out of the plot of courses (they are in the tables)."""


def plots(study: Study, result: AnalysisResult) -> Iterator[tuple[str, bytes]]:
    """File name and PNG of every plot."""
    plt = load_pyplot()
    for answer in result.answers:
        drawn: dict[str, Callable[[Any, Study, AnalysisResult, Answer], Any]] = {
            "days": _days, "effects": _forest, "acf": _autocorrelation,
        }  # fmt: skip
        if answer.scored.score is not None:
            drawn |= {"loadings": _loadings}
        if answer.scored.plane is not None and np.ptp(answer.scored.plane[:, 1]) > 0:
            drawn |= {"embedding": _embedding}
        for name, draw in drawn.items():
            figure = draw(plt, study, result, answer)
            file = io.BytesIO()
            figure.savefig(file, dpi=110, metadata={"Software": "nof1sim"})
            plt.close(figure)
            yield f"plots/{safe(answer.name)}_{name}.png", file.getvalue()


def safe(name: str) -> str:
    """A score's name as part of a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name).strip("-")


def load_pyplot() -> Any:
    """matplotlib.pyplot without a screen. An AnalysisError where matplotlib is not installed."""
    try:
        import matplotlib
    except ImportError:
        raise AnalysisError("Plots need matplotlib. Install nof1sim[analysis], or use --no-plots.") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
                            "figure.constrained_layout.use": True})  # fmt: skip
    return pyplot


def palette(study: Study) -> dict[str, str]:
    """Label -> colour; the baseline's is grey."""
    colours = dict(zip(study.labels, COLOURS[:-1] * 9, strict=False))
    return colours | ({study.baseline: COLOURS[-1]} if study.baseline else {})


def _courses(study: Study, answer: Answer) -> list[Course]:
    return [course for course in study.courses(answer.scored.rows, answer.scored.values) if len(course)]


def _days(plt: Any, study: Study, result: AnalysisResult, answer: Answer) -> Any:
    """The score over days, a panel a patient, treatments as bands."""
    courses, colours = _courses(study, answer), palette(study)
    shown = courses[:SHOWN]
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(11, 1.0 + 1.35 * rows), sharex=True, squeeze=False)
    for axis, course in zip(axes.flat, shown, strict=False):
        for label, first, last in _bands(course):
            axis.axvspan(first - 0.5, last + 0.5, color=colours[label], alpha=0.28, lw=0)
        axis.plot(course.day, course.score, "o-", ms=2, lw=0.7, color="#222222")
        axis.set_ylabel(course.patient_id, rotation=0, ha="right", va="center")
        axis.tick_params(labelsize=7)
    for axis in axes.flat[len(shown) :]:
        axis.axis("off")
    for axis in axes[-1]:
        axis.set_xlabel("day")
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour, alpha=0.28) for colour in colours.values()]
    more = f" (first {SHOWN} of {len(courses)} patients)" if len(courses) > SHOWN else ""
    figure.legend(handles, colours, loc="outside upper right", ncols=len(colours), frameon=False)
    figure.suptitle(f"{answer.name}: score of each day{more}", x=0.01, ha="left")
    return figure


def _bands(course: Course) -> Iterator[tuple[str, int, int]]:
    """Runs of one treatment: label, first and last recorded day."""
    change = np.flatnonzero(np.r_[True, course.treatment[1:] != course.treatment[:-1], True])
    for first, after in pairwise(change):
        yield str(course.treatment[first]), int(course.day[first]), int(course.day[after - 1])


def _forest(plt: Any, study: Study, result: AnalysisResult, answer: Answer) -> Any:
    """Each patient's own and shrunken estimate, and the pooled ones, with 95 % intervals."""
    people = [person for person in answer.people if person.effects]
    rows = [(person.patient_id, person.effects[0], person.shrunken) for person in people]
    figure, axis = plt.subplots(figsize=(8, 1.6 + 0.3 * (len(rows) + 3)))
    for place, (_, own, shrunken) in enumerate(rows):
        _interval(axis, own, -place + 0.12, "#222222", "o")
        if shrunken is not None:
            _interval(axis, shrunken, -place - 0.16, COLOURS[0], "s")
    names = [name for name, _, _ in rows]
    for place, effect in enumerate(answer.pooled[:2], start=len(rows) + 1):
        _interval(axis, effect, -place, COLOURS[1], "D")
        names.append(effect.method)
    places = [*range(0, -len(rows), -1), *range(-len(rows) - 1, -len(names) - 1, -1)]
    axis.set_yticks(places, names)
    axis.axvline(0, color="#888888", lw=0.8)
    unit = "units of the score" if answer.scored.score is None else "SDs of the score within patients"
    axis.set_xlabel(f"{result.contrast}, {unit}")
    axis.set_title(f"{answer.name}: {people[0].effects[0].estimand if people else ''}", loc="left")
    marks = [
        ("o", "#222222", "patient alone"),
        ("s", COLOURS[0], "shrunken (mixed model)"),
        ("D", COLOURS[1], "pooled"),
    ]
    handles = [plt.Line2D([], [], marker=m, color=c, lw=1, ms=4, label=t) for m, c, t in marks]
    axis.legend(handles=handles, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _interval(axis: Any, effect: Any, place: float, colour: str, marker: str) -> None:
    if np.isfinite(effect.estimate):
        axis.plot([effect.low, effect.high], [place, place], color=colour, lw=1.2)
        axis.plot(effect.estimate, place, marker, color=colour, ms=4)


def _autocorrelation(plt: Any, study: Study, result: AnalysisResult, answer: Answer) -> Any:
    """Residual autocorrelation by lag in days, patients pooled, treatment means taken off."""
    courses = _courses(study, answer)
    lags = np.arange(1, 22)
    figure, axis = plt.subplots(figsize=(6, 3))
    acf, pairs = residual_acf(courses, lags)
    axis.bar(lags, acf, color=COLOURS[0], width=0.7)
    limit = 1.96 / np.sqrt(np.maximum(pairs, 1))
    axis.plot(lags, limit, "--", color="#888888", lw=0.8)
    axis.plot(lags, -limit, "--", color="#888888", lw=0.8)
    axis.axhline(0, color="#222222", lw=0.8)
    axis.set_xlabel("lag, days")
    axis.set_ylabel("autocorrelation")
    axis.set_title(f"{answer.name}: residuals around each patient's treatment means", loc="left")
    return figure


def residual_acf(courses: list[Course], lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelation (lags,) of the scores minus their patient's mean under each label, and pairs of days (lags,)."""
    cross, pairs, square, days = np.zeros(lags.size), np.zeros(lags.size), 0.0, 0
    for course in courses:
        rest = course.score.copy()
        for label in np.unique(course.treatment):
            rest[course.treatment == label] -= rest[course.treatment == label].mean()
        full = np.full(int(course.day[-1] - course.day[0]) + 1, np.nan)
        full[course.day - course.day[0]] = rest
        square, days = square + float(rest @ rest), days + rest.size
        for i, lag in enumerate(lags[lags < full.size]):
            product = full[lag:] * full[:-lag]
            cross[i] += np.nansum(product)
            pairs[i] += np.isfinite(product).sum()
    mean = np.divide(cross, pairs, out=np.zeros(lags.size), where=pairs > 0)
    return (mean / (square / days) if square > 0 else mean), pairs


def _loadings(plt: Any, study: Study, result: AnalysisResult, answer: Answer) -> Any:
    """Where in the picture the score looks."""
    assert answer.scored.score is not None
    loadings = np.asarray(answer.scored.score.loadings, float)
    figure, axis = plt.subplots(figsize=(4.2, 4.2))
    axis.axis("off")
    if loadings.ndim == 3 and loadings.shape[2] == 3:
        top = np.abs(loadings).max() or 1.0
        axis.imshow(0.5 + loadings / (2 * top))
        axis.set_title(f"{answer.name}: PC1 loadings (grey is none)", loc="left")
        return figure
    flat = loadings[..., 0] if loadings.ndim == 3 else loadings
    top = np.abs(flat).max() or 1.0
    shown = axis.imshow(flat, cmap="RdBu_r", vmin=-top, vmax=top)
    figure.colorbar(shown, ax=axis, shrink=0.7)
    axis.set_title(f"{answer.name}: where the score looks", loc="left")
    return figure


def _embedding(plt: Any, study: Study, result: AnalysisResult, answer: Answer) -> Any:
    """First two components of the vectors, coloured by patient and by treatment."""
    plane, rows = answer.scored.plane, answer.scored.rows
    assert plane is not None
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), sharex=True, sharey=True)
    patients = rows["patient_id"].to_numpy()
    for i, patient in enumerate(study.patient_ids):
        at = patients == patient
        left.scatter(*plane[at].T, s=4, color=plt.get_cmap("tab20")(i % 20), lw=0, label=patient)
    treatments = rows["treatment"].to_numpy()
    for label, colour in palette(study).items():
        at = treatments == label
        right.scatter(*plane[at].T, s=4, color=colour, lw=0, label=label)
    for axis, title in ((left, "by patient"), (right, "by treatment")):
        axis.set_title(f"{answer.name}: {title}", loc="left")
        axis.set_xlabel("PC1 of the vectors")
        if len(axis.get_legend_handles_labels()[0]) <= 12:
            axis.legend(frameon=False, fontsize=7, markerscale=2.5)
    left.set_ylabel("PC2")
    return figure
