"""Type I error by simulation, against the design page's tables (4,000 replicates there). Slow, modest in size."""

from __future__ import annotations

import numpy as np
import pytest
from nof1sim_test_trials import B_MINUS_A, cohort, make

from nof1sim.analysis.stats.carryover_search import exposure_searched
from nof1sim.analysis.stats.pooled import POOLED
from nof1sim.analysis.stats.table import TESTS

pytestmark = pytest.mark.slow


def near(rate: float, expected: float, replicates: int) -> bool:
    """Within four Monte Carlo standard errors."""
    return abs(rate - expected) <= 4.0 * np.sqrt(expected * (1 - expected) / replicates)


@pytest.mark.parametrize(
    ("phi", "expected"),
    [
        (0.0, {"student_t": 0.053, "gls": 0.050, "hac": 0.062, "block_t": 0.052, "glsar": 0.058}),
        (0.6, {"student_t": 0.295, "gls": 0.045, "hac": 0.119, "block_t": 0.044, "glsar": 0.062, "hac_fixed_b": 0.068}),
    ],
)
def test_one_patient_28_day_blocks(phi, expected):
    rng = np.random.default_rng(1)
    courses = [make(rng, phi=phi) for _ in range(800)]
    for name, rate in expected.items():
        found = np.mean([TESTS[name].run(course, B_MINUS_A).p <= 0.05 for course in courses])
        assert near(found, rate, len(courses)), (name, found)


@pytest.mark.parametrize("slope_sd", [0.0, 0.5])
def test_pooled_default_and_two_stage(slope_sd):
    rng = np.random.default_rng(2)
    trials = [cohort(rng, phi=0.6, slope_sd=slope_sd) for _ in range(200)]
    for name in ("mixed", "two_stage"):
        found = np.mean([POOLED[name].run(courses, B_MINUS_A).p <= 0.05 for courses in trials])
        assert found <= 0.05 + 4.0 * np.sqrt(0.05 * 0.95 / len(trials)), (name, found)
    if slope_sd:
        found = np.mean([POOLED["mixed_intercept_ar1"].run(courses, B_MINUS_A).p <= 0.05 for courses in trials])
        assert near(found, 0.347, len(trials))


def test_searching_the_time_constant_keeps_the_null_by_bootstrap():
    rng = np.random.default_rng(3)
    courses = [make(rng, phi=0.3, block=14) for _ in range(150)]
    found = [exposure_searched(course, B_MINUS_A, tied=True, repeats=99) for course in courses]
    assert np.mean([one.p <= 0.05 for one in found]) <= 0.05 + 4.0 * np.sqrt(0.05 * 0.95 / len(courses))
    assert np.mean([one.extra["naive_p"] <= 0.05 for one in found]) > 0.06
