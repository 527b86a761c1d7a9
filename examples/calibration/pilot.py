"""The pattern of the pilot of Fu et al.: one responder of five people in 16 days, by scores and by photographs.

    python examples/calibration/pilot.py                       scores alone, 1,000 trials
    python examples/calibration/pilot.py --pictures redness    the same trials' photographs too, 96 px; minutes

Trials of the shipped protocol fu2023, and of its null twin. Only the truth decides who is a responder: a steady
contrast of at least half a grade. Trials with exactly one are looked at; the pattern is there where that person, and
nobody else, has p < .05. The others of fu2023 respond a little; "others null" takes their p from the null twin.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import ttest_ind
from tables import rate, shared, show

from nof1sim.analysis.analyze import Settings
from nof1sim.analysis.course import Contrast, Floats
from nof1sim.analysis.result import Scored
from nof1sim.analysis.stats.table import TESTS
from nof1sim.evaluation.calibrate import protocol_for
from nof1sim.evaluation.recovery import RESPONDER
from nof1sim.evaluation.replicate import Trial, replicate_of, scored_by, simulate_trial
from nof1sim.evaluation.truth import STEADY
from nof1sim.render.procedural import ProceduralRenderer

ALPHA = 0.05
CONTRAST = Contrast("Cream", "Off")
PHOTOGRAPHS = "Student t of photographs"
"""Every photograph as an observation of its own, as published: three of a day count three times."""
DAILY = ("student_t", "permutation", "gls_residual", "gls")
"""On the means of days, as nof1sim tests."""
TESTED = (PHOTOGRAPHS, *DAILY)
Ps = dict[str, dict[str, list[float]]]
"""Pipeline -> test -> p of each patient."""


@dataclass(frozen=True)
class Seen:
    """A replicate: the true steady contrasts in grades, and what the tests say of the trial and of its null twin."""

    number: int
    contrasts: tuple[float, ...]
    p: Ps
    null: Ps

    @property
    def responders(self) -> list[int]:
        return [i for i, contrast in enumerate(self.contrasts) if abs(contrast) >= RESPONDER]

    def found(self, pipeline: str, test: str, *, others_null: bool = False) -> list[int]:
        """Who has p < .05; with `others_null` nobody but the responders is treated."""
        p, null = self.p[pipeline][test], self.null[pipeline][test]
        used = [null[i] if others_null and i not in self.responders else p[i] for i in range(len(p))]
        return [i for i, value in enumerate(used) if value < ALPHA]


def look(job: tuple[int, tuple[str, ...], int]) -> Seen:
    """Simulate and test one replicate; with pictures only where exactly one patient is a responder."""
    number, embedders, size_px = job
    protocols = [replicate_of(protocol_for("fu2023", zero_effect=null, size_px=size_px), number) for null in (0, 1)]
    trials = [simulate_trial(protocol) for protocol in protocols]
    contrasts = tuple(trials[0].truth.effects(CONTRAST)[STEADY].tolist())
    asked: tuple[str, ...] = ("score",)
    if embedders and sum(abs(contrast) >= RESPONDER for contrast in contrasts) == 1:
        renderer = ProceduralRenderer()
        renderer.prepare()
        trials, asked = [simulate_trial(protocol, renderer) for protocol in protocols], ("score", *embedders)
    return Seen(number, contrasts, tested(trials[0], asked), tested(trials[1], asked))


def tested(trial: Trial, pipelines: Sequence[str]) -> Ps:
    """Every test of every patient."""
    found: Ps = {}
    for scored in scored_by(trial, pipelines, Settings(drop_days=0)):
        courses = trial.study.courses(scored.rows, scored.values)
        found[scored.name] = {name: [TESTS[name].run(course, CONTRAST).p for course in courses] for name in DAILY}
        found[scored.name][PHOTOGRAPHS] = [of_photographs(scored, course.patient_id) for course in courses]
    return found


def of_photographs(scored: Scored, patient: str) -> float:
    """p of Student's t over one patient's photographs."""
    rows = scored.rows.with_columns(pl.Series("value", scored.values)).filter(pl.col("patient_id") == patient)
    arms: list[Floats] = [
        rows.filter((pl.col("treatment") == label) & pl.col("value").is_finite())["value"].to_numpy()
        for label in (CONTRAST.treatment, CONTRAST.reference)
    ]
    return float(ttest_ind(*arms).pvalue)


def summary(trials: Sequence[Seen], pipelines: Sequence[str]) -> None:
    """What is found in trials with one responder."""
    rows = []
    for pipeline in pipelines:
        for test in TESTED:
            own = np.array([one.p[pipeline][test][one.responders[0]] for one in trials])
            low, middle, high = np.quantile(own, [0.25, 0.5, 0.75])
            rows.append([
                pipeline, test, f"{middle:.3f} ({low:.3f} to {high:.3f})", rate(list(own < ALPHA)),
                rate([one.found(pipeline, test) == one.responders for one in trials]),
                rate([one.found(pipeline, test, others_null=True) == one.responders for one in trials]),
            ])  # fmt: skip
    show(["score", "test", "responder's p: median (quartiles)", "responder p < .05, %", "exactly the responder, %",
          "the same, others null, %"], rows)  # fmt: skip
    for pipeline in pipelines[1:]:
        both = [all(one.found(name, PHOTOGRAPHS, others_null=True) == one.responders for name in ("score", pipeline))
                for one in trials]  # fmt: skip
        print(f"Exactly the responder by score and by {pipeline} ({PHOTOGRAPHS}, others null): {rate(both)} %.\n")


def examples(trials: Sequence[Seen], pipelines: Sequence[str], count: int) -> None:
    """The first trials with one responder, person by person; the responder in bold."""
    rows = []
    for one in trials[:count]:
        for pipeline in pipelines:
            p = one.p[pipeline][PHOTOGRAPHS]
            cells = [f"**{value:.4f}**" if i in one.responders else f"{value:.3f}" for i, value in enumerate(p)]
            rows.append([str(one.number), f"{one.contrasts[one.responders[0]]:+.2f}", pipeline, *cells])
    show(["replicate", "responder's contrast", "score", *(f"p {i + 1}" for i in range(5))], rows)


def by_chance(trials: Sequence[Seen], pipelines: Sequence[str]) -> None:
    """How often the null twins show one responder."""
    rows = []
    for pipeline in pipelines:
        for test in TESTED:
            p = np.array([one.null[pipeline][test] for one in trials])
            rows.append([pipeline, test, rate(list((p < ALPHA).ravel())), rate(list((p < ALPHA).sum(1) == 1))])
    show(["score", "test", "null: p < .05, %", "null: exactly one of five, %"], rows)


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--pictures", default="", help="embedders, separated by commas")
    parser.add_argument("--size", type=int, default=96, help="pixels")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    embedders = tuple(name for name in asked.pictures.split(",") if name)
    seen = shared(look, [(number, embedders, asked.size) for number in range(asked.replicates)], asked.workers)
    single = [one for one in seen if len(one.responders) == 1]
    pipelines = ("score", *embedders)
    print(f"{asked.replicates} trials; responders: none in {sum(not one.responders for one in seen)}, "
          f"one in {len(single)}, more in {sum(len(one.responders) > 1 for one in seen)}.\n")  # fmt: skip
    if single:
        summary(single, pipelines)
        examples(single, pipelines, 5)
    by_chance(single if embedders and single else seen, pipelines if single else ("score",))


if __name__ == "__main__":
    main()
