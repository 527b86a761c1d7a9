"""Type I error and power of the default methods on AR(1) series, beside the design table of nof1sim's methods.

    python examples/calibration/methods.py 1x140            one patient, 140 days, 28-day blocks
    python examples/calibration/methods.py 1x140x14         the same, 14-day blocks
    python examples/calibration/methods.py 1x16             one patient, 16 days, 4-day blocks
    python examples/calibration/methods.py 10x140           ten patients, pooled

Schedule ABAB ..., marginal SD 1, effect 0 or half an SD at once. What is called published here was computed with
throw-away prototypes before nof1sim's own methods were written; the methods here are those that `nof1sim analyze` runs.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np
from series import B_MINUS_A, ar1, course, schedule
from tables import distance, rate, shared, show

from nof1sim.analysis.stats.pooled import POOLED
from nof1sim.analysis.stats.table import TESTS
from nof1sim.randomness import stream

ALPHA = 0.05
EFFECT = 0.5
"""SDs."""
PHIS = (0.0, 0.3, 0.6, 0.8)
Published = dict[str, tuple[tuple[float, float] | None, ...]]
"""Method -> type I error and power, per cent, at each phi."""


@dataclass(frozen=True)
class Design:
    days: int
    block: int
    published: Published
    methods: tuple[str, ...]


METHODS = ("gls", "gls_satterthwaite", "gls_residual", "glsar", "block_t", "randomisation", "welch_t", "student_t",
           "mann_whitney")  # fmt: skip
ONE = {
    "1x140": Design(140, 28, {
        "gls": ((5.0, 81), (5.4, 56), (4.5, 40), (4.5, 38)),
        "gls_satterthwaite": ((5.0, 81), (5.4, 56), (5.0, 41), (5.9, 43)),
        "gls_residual": ((5.3, 82), (6.0, 58), (5.7, 43), (6.1, 43)),
        "glsar": ((5.8, 82), (6.6, 60), (6.2, 46), (6.3, 45)),
        "block_t": ((5.2, 51), (4.9, 32), (4.4, 18), (3.5, 10)),
        "student_t": ((5.3, 82), (14.2, 75), (29.5, 71), (45.9, 69)),
        "mann_whitney": ((5.0, 80), (13.4, 74), (28.1, 70), (44.1, 70)),
    }, METHODS),
    "1x140x14": Design(140, 14, {
        "gls": ((5.3, 82), (5.4, 62), (5.0, 53), (4.7, 64)),
        "gls_residual": ((5.6, 83), (5.9, 63), (5.7, 55), (5.7, 68)),
        "block_t": ((5.0, 60), (4.6, 40), (4.6, 24), (3.0, 16)),
        "student_t": ((5.1, 83), (13.5, 77), (26.2, 72), (34.4, 70)),
    }, METHODS),
    "1x16": Design(16, 4, {
        "gls": ((4.8, 13), (5.3, 11), (4.4, 10), (2.8, 11)),
        "gls_residual": ((8.2, 19), (9.7, 19), (9.5, 21), (8.1, 29)),
        "glsar": ((9.8, 22), (11.1, 21), (9.8, 21), (9.6, 30)),
        "block_t": ((5.1, 8), (4.5, 6), (4.2, 6), (3.9, 6)),
        "student_t": ((5.5, 15), (10.6, 21), (13.6, 26), (14.6, 33)),
    }, METHODS),
}  # fmt: skip
PUBLISHED_SIZES = {"mann_whitney": 1500, "glsar": 2000}
PUBLISHED_SIZE = 4000

COLUMNS = ((0.0, 0.0), (0.3, 0.0), (0.6, 0.0), (0.8, 0.0), (0.3, 0.5), (0.6, 0.5))
"""phi and the SD of the patients' effects; power is asked for where the latter is not 0."""
POOLED_PUBLISHED: Published = {
    "mixed": ((3.8, math.nan), (2.8, math.nan), (3.5, math.nan), (3.8, math.nan), (5.7, 73), (5.3, 66)),
    "two_stage": ((5.3, math.nan), (4.1, math.nan), (4.8, math.nan), (5.1, math.nan), (4.5, 72), (5.0, 64)),
    "two_stage_gls": ((5.3, math.nan), (4.5, math.nan), (5.4, math.nan), (4.8, math.nan), (4.9, 73), (5.2, 67)),
    "mixed_iid": ((4.0, math.nan), (3.7, math.nan), (5.8, math.nan), (5.2, math.nan), (5.2, 73), (5.2, 64)),
    "mixed_intercept": ((5.4, math.nan), (13.7, math.nan), (30.1, math.nan), (42.9, math.nan), (51.8, math.nan),
                        (56.8, math.nan)),
    "mixed_intercept_ar1": ((5.7, math.nan), (4.8, math.nan), (5.8, math.nan), (5.5, math.nan), (38.7, math.nan),
                            (34.7, math.nan)),
}  # fmt: skip
POOLED_SIZES = {"two_stage": 1000, "two_stage_gls": 1000}
POOLED_SIZE = 600


def one_patient(job: tuple[str, float, float, int, int]) -> dict[str, list[bool]]:
    """Method -> rejections in replicates `first` .. `last - 1` of a design at phi and an effect."""
    name, phi, effect, first, last = job
    design = ONE[name]
    period = schedule(design.days, design.block)
    hits: dict[str, list[bool]] = {method: [] for method in design.methods}
    for number in range(first, last):
        noise = ar1(stream(0, name, str(phi), number), 1, design.days, phi)[0]
        one = course(noise + effect * (period % 2 == 0), period, str(number))
        for method in design.methods:
            hits[method].append(TESTS[method].run(one, B_MINUS_A).p < ALPHA)
    return hits


def ten_patients(job: tuple[str, float, float, float, int, int]) -> dict[str, list[bool]]:
    """The same for ten patients, whose levels have SD 1 and whose effects have SD `spread`."""
    name, phi, spread, effect, first, last = job
    period = schedule(140, 28)
    hits: dict[str, list[bool]] = {method: [] for method in POOLED_PUBLISHED}
    for number in range(first, last):
        rng = stream(0, name, str(phi), str(spread), number)
        own, level, noise = rng.standard_normal(10), rng.standard_normal(10), ar1(rng, 10, 140, phi)
        courses = [
            course(level[i] + (effect + spread * own[i]) * (period % 2 == 0) + noise[i], period, f"P{i:02d}")
            for i in range(10)
        ]
        for method in hits:
            hits[method].append(POOLED[method].run(courses, B_MINUS_A).p < ALPHA)
    return hits


def parts(replicates: int, size: int) -> list[tuple[int, int]]:
    """Replicates in shares of `size`."""
    return [(first, min(first + size, replicates)) for first in range(0, replicates, size)]


def joined(found: list[dict[str, list[bool]]]) -> dict[str, list[bool]]:
    """Shares of one job as one."""
    return {method: [hit for part in found for hit in part[method]] for method in found[0]}


def report_one(name: str, replicates: int, workers: int) -> None:
    """The table of one patient."""
    shares = parts(replicates, 100)
    keys = [(phi, effect) for phi in PHIS for effect in (0.0, EFFECT)]
    jobs = [(name, phi, effect, *share) for phi, effect in keys for share in shares]
    found = shared(one_patient, jobs, workers)
    hits = {key: joined(found[i * len(shares) : (i + 1) * len(shares)]) for i, key in enumerate(keys)}
    design = ONE[name]
    gaps = []
    for effect, what, place in ((0.0, "type I error, %", 0), (EFFECT, "power at half an SD, %", 1)):
        rows = []
        for method in design.methods:
            known = design.published.get(method, (None,) * len(PHIS))
            size = PUBLISHED_SIZES.get(method, PUBLISHED_SIZE)
            cells = []
            for phi, value in zip(PHIS, known, strict=True):
                mine = hits[phi, effect][method]
                cells.append(f"{'-' if value is None else value[place]} / {rate(mine)}")
                if value is not None:
                    gaps.append((distance(mine, value[place] / 100, size), method, phi, what))
            rows.append([f"`{method}`", *cells])
        show([what, *(f"phi {phi:g}: published / ours" for phi in PHIS)], rows)
    tell(gaps)


def report_ten(name: str, replicates: int, workers: int) -> None:
    """The table of ten patients."""
    shares = parts(replicates, 20)
    keys = [(phi, spread, effect) for phi, spread in COLUMNS for effect in ((0.0, EFFECT) if spread else (0.0,))]
    jobs = [(name, *key, *share) for key in keys for share in shares]
    found = shared(ten_patients, jobs, workers)
    hits = {key: joined(found[i * len(shares) : (i + 1) * len(shares)]) for i, key in enumerate(keys)}
    gaps = []
    for effect, what, place in ((0.0, "type I error, %", 0), (EFFECT, "power at half an SD, %", 1)):
        columns = [(i, column) for i, column in enumerate(COLUMNS) if (*column, effect) in hits]
        rows = []
        for method, known in POOLED_PUBLISHED.items():
            cells = []
            for i, column in columns:
                mine, value = hits[*column, effect][method], known[i][place]  # type: ignore[index]
                cells.append(f"{'-' if math.isnan(value) else value} / {rate(mine)}")
                if not math.isnan(value):
                    size = POOLED_SIZES.get(method, POOLED_SIZE)
                    gaps.append((distance(mine, value / 100, size), method, f"{column}", what))
            rows.append([f"`{method}`", *cells])
        show([what, *(f"phi {phi:g}, SD {spread:g}: published / ours" for _, (phi, spread) in columns)], rows)
    tell(gaps)


def tell(gaps: list[tuple]) -> None:
    """How far ours are from the published rates, in standard errors of the difference."""
    values = np.array([gap[0] for gap in gaps])
    worst = gaps[int(np.abs(values).argmax())]
    print(
        f"{values.size} rates compared; root mean square of the difference {np.sqrt((values**2).mean()):.2f} standard "
        f"errors (1 is chance), largest {worst[0]:+.1f} ({worst[1]}, {worst[2]}, {worst[3]})."
    )


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("design", choices=[*ONE, "10x140"])
    parser.add_argument("--replicates", type=int, default=0, help="default: 1,000, and 400 for ten patients")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    if asked.design == "10x140":
        report_ten(asked.design, asked.replicates or 400, asked.workers)
    else:
        report_one(asked.design, asked.replicates or 1000, asked.workers)


if __name__ == "__main__":
    main()
