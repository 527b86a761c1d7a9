"""From drawn pictures to a row of values a renderer; what cannot be measured says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...analysis.images import Pixels
from ...grading.saved import Grader
from ...model import Floats
from .cases import Cases, Settings
from .change import change, overlap, persistence
from .draw import Drawn
from .kid import SUBSETS, kid
from .people import identity, mean_pairwise, nearest
from .result import Row, Value
from .severity import followed, grader_score, redness_score
from .space import Space
from .training import Training

NO_GRADER = "no grader was given (--grader)"
NO_TRAINING = "no training folder was given (--training)"
NUISANCE = "light and pose differ from day to day; compare with --nuisance none"
NO_MASKS = "the renderer gives no lesion masks"


@dataclass(frozen=True, slots=True)
class Bench:
    """What every renderer is measured against. spaces : name -> fitted; reference : analytic pictures of other people,
    (people, h, w, 3); analytic : the analytic renderer's own pictures of the cases, and its masks."""

    settings: Settings
    cases: Cases
    spaces: Mapping[str, Space]
    reference: Pixels
    grader: Grader | None
    training: Training | None
    analytic: Drawn


@dataclass(frozen=True, slots=True)
class _Vectors:
    """A renderer's pictures in one space: (patients, days, k), (patients, k), (people, k)."""

    panel: Floats
    clear: Floats
    crowd: Floats


def rows_of(bench: Bench, drawn: Sequence[Drawn]) -> tuple[tuple[Row, ...], dict[str, Value]]:
    """A row a renderer, and the figures that belong to none."""
    main = bench.settings.features[0]
    space = bench.spaces[main]
    held_out = space.vectors(bench.reference)
    learnt = space.vectors(bench.training.pixels) if bench.training else None
    diverse = mean_pairwise(space.vectors(bench.analytic.crowd))
    analytic = _vectors(bench.spaces[bench.settings.embedder], bench.analytic)
    rows = []
    for one in drawn:
        values = {**_severity(bench, one), **_identity(bench, one, analytic), **_changes(bench, one)}
        crowd = space.vectors(one.crowd)
        people, own = len(crowd), mean_pairwise(crowd)
        values["diversity"] = Value(own, people)
        values["diversity_ratio"] = Value(own / diverse if diverse > 0 else None, people)
        found, pairs, warnings = _nearest(bench, one, crowd, held_out, learnt)
        values |= found
        for name in bench.settings.features:
            values[f"kid_{name}"] = _kid(bench, name, one)
        values["ms"] = Value(1000 * one.seconds, one.timed)
        values["ms_new"] = Value(1000 * one.seconds_new, len(one.clear))
        rows.append(Row(one.name, one.name, values, {}, pairs, warnings))
    references = {"diversity_reference": Value(mean_pairwise(held_out), len(held_out))}
    if bench.training is not None and learnt is not None:
        each = learnt[bench.training.one_each]
        references["diversity_training"] = Value(mean_pairwise(each) if len(each) > 1 else None, len(each))
    return tuple(rows), references


def _severity(bench: Bench, one: Drawn) -> dict[str, Value]:
    found = followed(redness_score(one.panel), bench.cases.severity)
    values = {
        "severity_redness": Value(found.within, found.patients),
        "severity_redness_all": Value(found.overall, found.pictures),
    }
    if bench.grader is None:
        return values | dict.fromkeys(("severity_grader", "severity_grader_all"), Value(None, note=NO_GRADER))
    found = followed(grader_score(bench.grader, one.panel), bench.cases.severity)
    return values | {
        "severity_grader": Value(found.within, found.patients),
        "severity_grader_all": Value(found.overall, found.pictures),
    }


def _vectors(space: Space, one: Drawn) -> _Vectors:
    patients, days = one.panel.shape[:2]
    panel = space.vectors(one.panel.reshape(patients * days, *one.panel.shape[2:]))
    return _Vectors(panel.reshape(patients, days, -1), space.vectors(one.clear), space.vectors(one.crowd))


def _identity(bench: Bench, one: Drawn, analytic: _Vectors) -> dict[str, Value]:
    space = bench.spaces[bench.settings.embedder]
    mine = _vectors(space, one)
    found = identity(mine.panel, mine.clear, mine.crowd, (analytic.clear, analytic.crowd))
    n = found.pictures
    lost = space.lost(mine.panel.reshape(n, -1))
    note = f"{lost} of {n} pictures show no single face to {space.name}" if lost else ""
    of = f"chance {1 / found.gallery:.3f}"
    return {
        "identity_within": Value(found.within, n, note=note),
        "identity_between": Value(found.between, n, note=note),
        "identity_ratio": Value(found.ratio, n, note=note),
        "rank1": Value(found.rank1, n, note=of),
        "rank1_analytic": Value(found.rank1_analytic, n, note=of),
    }


def _changes(bench: Bench, one: Drawn) -> dict[str, Value]:
    names = ("outside_grey", "outside_share", "inside_grey", "core_contrast", "persistence", "agreement", "mask_iou")
    if bench.settings.nuisance != "none":
        return dict.fromkeys(names, Value(None, note=NUISANCE))
    truth = bench.analytic
    moved = change(one.panel, truth.support)
    same = persistence(one.panel, one.clear, truth.lesion, truth.support, (truth.panel, truth.clear))
    of_lesions = bool(one.lesion.any())
    masks = overlap(one.lesion if of_lesions else one.support)
    told = "" if of_lesions else "of all pixels that it says it changed: it tells no lesions apart"
    return {
        "outside_grey": Value(moved.outside_grey, moved.pairs),
        "outside_share": Value(moved.outside_share, moved.pairs),
        "inside_grey": Value(moved.inside_grey, moved.pairs),
        "core_contrast": Value(same.contrast, same.lesion_days),
        "persistence": Value(same.same, same.patients),
        "agreement": Value(same.agreement, same.patients),
        "mask_iou": Value(masks.iou, masks.n, note=told if masks.n else NO_MASKS),
    }


def _nearest(
    bench: Bench, one: Drawn, crowd: Floats, held_out: Floats, learnt: Floats | None
) -> tuple[dict[str, Value], tuple[tuple[int, int, float], ...], tuple[str, ...]]:
    if bench.training is None or learnt is None:
        return dict.fromkeys(("nearest", "nearest_ratio", "copies"), Value(None, note=NO_TRAINING)), (), ()
    found = nearest((crowd, one.crowd), held_out, (learnt, bench.training.pixels), bench.settings.seed)
    values = {
        "nearest": Value(found.median, found.n),
        "nearest_ratio": Value(found.ratio, found.n, low=found.low, high=found.high),
        "copies": Value(found.copies, found.n),
    }
    warnings = []
    if found.warns:
        warnings.append(
            "its pictures lie nearer to the training than those of people outside it do: learnt by heart, or too "
            "little variety (see diversity and the nearest pairs of the sheet)"
        )
    if found.copies:
        warnings.append(f"{found.copies:.0%} of its pictures of other people are copies of training pictures")
    return values, found.pairs, tuple(warnings)


def _kid(bench: Bench, name: str, one: Drawn) -> Value:
    space = bench.spaces[name]
    found = kid(space.vectors(one.crowd), space.vectors(bench.reference), bench.settings.seed)
    note = (
        f"{found.n[0]} and {found.n[1]} people; mean of {SUBSETS} subsets of {found.subset}: {found.value:.3g}, SD "
        f"{found.sd:.3g}"
    )
    return Value(found.whole, found.n[0], error=found.error, note=note)


def rising(severity: Floats, count: int) -> list[int]:
    """Days (0-based) of one patient, (days,), whose severities are nearest to `count` even steps from the lowest to the
    highest, each day once, in the order of severity."""
    chosen: list[int] = []
    for aim in np.linspace(severity.min(), severity.max(), min(count, severity.size)):
        order = np.argsort(np.abs(severity - aim), kind="stable").tolist()
        chosen.append(next(day for day in order if day not in chosen))
    return sorted(chosen, key=lambda day: (severity[day], day))
