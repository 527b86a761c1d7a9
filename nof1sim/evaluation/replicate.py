"""One simulated trial, analysed in memory: what calibration repeats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ..analysis.analyze import Settings, answer, carry_over, image_score, scores, shots_of
from ..analysis.course import Effect
from ..analysis.embed import choose, vectors
from ..analysis.images import load
from ..analysis.result import Scored
from ..analysis.study import Study, study_of
from ..model import Unit
from ..protocol import Protocol, with_changes
from ..randomness import key64
from ..render.base import Renderer
from ..simulation import frames
from ..simulation.plan import Plan
from ..simulation.worker import picture_bytes
from .recovery import average, follow
from .truth import Truth, estimand_of

SCORE, ORACLE = "score", "oracle"
"""Pipelines without pictures: the recorded score, and the true number of counted lesions."""
FAST_TESTS = ("gls", "block_t", "randomisation", "welch_t", "student_t", "mann_whitney")


@dataclass(frozen=True, slots=True)
class Trial:
    """A simulated trial in memory: what a study would have recorded, and the truth."""

    study: Study
    truth: Truth


def replicate_of(protocol: Protocol, number: int) -> Protocol:
    """The protocol with the seed of its replicate `number`; any replicate can be made alone."""
    return with_changes(protocol, seed=key64(protocol.seed, "replicate", number) >> 1)


def simulate_trial(protocol: Protocol, renderer: Renderer | None = None) -> Trial:
    """The trial of a protocol; with pictures of its first view, encoded as a dataset would have them, if there is a
    renderer."""
    plan = Plan(protocol)
    block = plan.block(0, protocol.cohort.patients)
    pictures, names = _pictures(plan, renderer) if renderer else ({}, _no_pictures())
    table = frames.observations(plan, block, names)
    columns = {"image": "image"} if pictures else None
    study = study_of(protocol.name or "trial", table, pictures.__getitem__, columns)
    return Trial(study, Truth.of_plan(plan, block))


def _no_pictures() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(("rank", "day", "occasion"), pl.Int64))


def _pictures(plan: Plan, renderer: Renderer) -> tuple[dict[str, bytes], pl.DataFrame]:
    """Every picture of the first view by name, and the names by rank, day and occasion."""
    view = plan.protocol.images.views[0]
    units = [unit for rank in range(plan.protocol.cohort.patients) for unit in plan.units_of(rank) if unit.view == view]
    found: dict[str, bytes] = {}
    for unit in units:
        asked = plan.view(unit)
        found[_name(unit)] = picture_bytes(plan, asked, renderer.render([asked])[0])
    rows = {"rank": [u.rank for u in units], "day": [u.day for u in units], "occasion": [u.occasion for u in units]}
    return found, pl.DataFrame(rows | {"image": [_name(unit) for unit in units]})


def _name(unit: Unit) -> str:
    return f"{unit.rank}/{unit.day}/{unit.occasion}"


def scored_by(trial: Trial, pipelines: Sequence[str], settings: Settings) -> list[Scored]:
    """A score for each pipeline: "score", "oracle" or an embedder's name."""
    study, rows = trial.study, trial.study.photographed
    embedders = {name: choose(name) for name in pipelines if name not in (SCORE, ORACLE)}
    shots = {}
    for size in sorted({embedder.needs.size_px for embedder in embedders.values()}):
        shots[size] = shots_of(study, rows, load(study.read, rows["image"].to_list(), size))
    redness = vectors(choose("redness"), shots[min(shots)])[:, 0] if shots else np.zeros(0)
    found = []
    for name in pipelines:
        if name == SCORE:
            found += [replace(one, name=SCORE) for one in scores(study, replace(settings, images=False), _silent)]
        elif name == ORACLE:
            found.append(Scored(ORACLE, study.rows, trial.truth.lesions(study.rows).astype(float)))
        else:
            own = embedders[name]
            found.append(image_score(name, own, shots[own.needs.size_px], rows, redness, settings, _silent))
    return found


def _silent(done: int, total: int, what: str) -> None:
    pass


def measure(trial: Trial, pipelines: Sequence[str], settings: Settings) -> Iterator[dict[str, Any]]:
    """A flat row for every estimate: pipeline, level, method, estimand, patient, estimate, se, p, low, high, truth,
    slope (score per grade), r (of the score with true severity within patients)."""
    contrast = trial.study.contrast(settings.contrast)
    carry = carry_over(trial.study, contrast, settings)
    true = trial.truth.effects(contrast, carry.drop_days)
    for scored in scored_by(trial, pipelines, settings):
        r, _, slope = follow(scored, trial.truth, contrast)
        result = answer(trial.study, scored, contrast, carry, settings.tests)
        about = {"pipeline": scored.name, "slope": slope, "r": r}
        for effect in result.pooled:
            yield about | _row("pooled", "", effect, _goal(true, effect, None))
        for i, person in enumerate(result.people):
            for effect in person.effects:
                yield about | _row("patient", person.patient_id, effect, _goal(true, effect, i))


def _goal(true: Mapping[str, np.ndarray], effect: Effect, patient: int | None) -> float:
    values = true.get(estimand_of(effect.estimand))
    if values is None:
        return math.nan
    return average(values[np.isfinite(values)]) if patient is None else float(values[patient])


def _row(level: str, patient: str, effect: Effect, goal: float) -> dict[str, Any]:
    numbers = {"estimate": effect.estimate, "se": effect.se, "p": effect.p, "low": effect.low, "high": effect.high}
    about = {"level": level, "patient": patient, "method": effect.method, "estimand": effect.estimand}
    return about | numbers | {"truth": goal}
