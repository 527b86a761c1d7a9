"""What calibration sums up of its replicates, by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from nof1sim.evaluation.calibrate import SCHEMA, summed


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's score interval by his formula (J Am Stat Assoc 1927, 22:209)."""
    z, p = float(norm.ppf(0.975)), hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def line(number: int, *rows: dict[str, Any]) -> str:
    default: dict[str, Any] = {"pipeline": "s", "level": "pooled", "patient": "", "method": "mixed", "slope": 1.0}
    default |= {"estimand": "realised contrast", "r": 0.5, "estimate": 1.0, "se": 0.1, "p": 0.01}
    default |= {"low": 0.8, "high": 1.2, "truth": 1.0}
    full = [default | row for row in rows]
    return json.dumps({"replicate": number, "failure": "", "rows": {c: [row[c] for row in full] for c in SCHEMA}})


def test_the_sums_by_hand() -> None:
    """The pooled truth is the mean over replicates (1.0), whatever each trial's own patients were (.7 to 1.3)."""
    given = [(0.7, 0.9, 0.001), (1.3, 1.1, 0.04), (1.0, 1.3, 0.2), (1.0, 1.1, 0.06)]
    rows = [{"truth": t, "estimate": e, "low": e - 0.2, "high": e + 0.2, "p": p} for t, e, p in given]
    row = summed(line(i, one) for i, one in enumerate(rows)).row("s", "pooled", "mixed")
    error = np.array([-0.1, 0.1, 0.3, 0.1])
    assert (row["n"], row["failed"]) == (4, 0)
    assert row["rejected"] == 0.5
    assert (row["rejected_low"], row["rejected_high"]) == pytest.approx(wilson(2, 4))
    assert row["truth"] == pytest.approx(1.0)
    assert row["bias"] == pytest.approx(error.mean())
    assert row["rmse"] == pytest.approx(math.sqrt((error**2).mean()))
    assert row["se_ratio"] == pytest.approx(0.1 / error.std(ddof=1))
    assert row["covered"] == 0.75
    assert (row["covered_low"], row["covered_high"]) == pytest.approx(wilson(3, 4))


@pytest.mark.parametrize(
    ("level", "method", "own"),
    [
        ("pooled", "mixed", False), ("pooled", "two_stage_dropped", False), ("pooled", "mixed_intercept", True),
        ("pooled", "mixed_intercept_dropped", True), ("pooled", "mixed_intercept_ar1", True), ("patient", "gls", True),
    ],
)  # fmt: skip
def test_who_an_estimate_speaks_of(level: str, method: str, own: bool) -> None:
    """Each interval holds its own trial's truth only, or the population's only."""
    about = {"level": level, "method": method}
    rows = [about | {"truth": t, "estimate": e, "low": e - 0.2, "high": e + 0.2}
            for t, e in (((0.5, 0.5), (1.5, 1.5)) if own else ((0.5, 1.0), (1.5, 1.0)))]  # fmt: skip
    row = summed(line(i, one) for i, one in enumerate(rows)).row("s", level, method)
    assert (row["covered"], row["bias"], row["rmse"]) == (1.0, 0.0, 0.0)


def test_a_falling_score_in_grades() -> None:
    rows = [{"slope": -2.0, "estimate": -2.2, "low": -2.6, "high": -1.8, "se": 0.2}] * 3
    row = summed(line(i, one) for i, one in enumerate(rows)).row("s", "pooled", "mixed")
    assert row["estimate"] == pytest.approx(1.1)
    assert row["covered"] == 1.0


def test_estimates_that_are_missing_are_counted() -> None:
    none = dict.fromkeys(("estimate", "se", "p", "low", "high"))
    done = summed([line(0, {}), line(1, none), line(2, {"truth": None}), json.dumps({"replicate": 3, "failure": "no"})])
    row = done.row("s", "pooled", "mixed")
    assert (row["n"], row["failed"], row["rejected"], row["truth"]) == (2, 1, 1.0, 1.0)
    assert (done.replicates, done.failed, done.failures) == (4, 1, ("replicate 3: no",))


def test_correlations_are_counted_once_a_replicate() -> None:
    rows = [line(i, {"r": i / 20}, {"r": i / 20, "method": "two_stage"}) for i in range(21)]
    follows = summed(rows).follows.row(0, named=True)
    assert (follows["r_low"], follows["r"], follows["r_high"]) == pytest.approx((0.05, 0.5, 0.95))
