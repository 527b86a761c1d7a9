"""The severity model against the numbers it was fitted to, and its raters against published agreement.

The seed data set is a published simulated trial (10 patients x 140 days: 28 days of baseline, then Antibiotics, Cream,
Antibiotics, Cream of 28 days each). Its statistics and those of the fitted model (500 replicas) are the table in section
6.6 of the severity and lesion page of the design; the estimators below give exactly the seed's column from its CSV.
"""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.protocol import protocol_from
from nof1sim.severity import Truth, make_cohort, observe, simulate_trajectories
from nof1sim.severity.schedule import make_schedule

pytestmark = pytest.mark.verification

REPLICAS, PATIENTS, DAYS, PERIOD = 200, 10, 140, 28

TABLE = {
    # statistic: (seed, mean of 500 replicas of the fitted model)
    "baseline mean": (2.937, 2.936),
    "baseline sd": (0.093, 0.091),
    "antibiotics mean": (0.301, 0.301),
    "antibiotics sd": (0.412, 0.402),
    "cream mean": (0.810, 0.809),
    "cream sd": (0.544, 0.550),
    "antibiotics share at 0": (0.261, 0.318),
    "cream share at 0": (0.079, 0.118),
    "baseline share at 3": (0.504, 0.489),
    "share at either bound": (0.236, 0.272),
    "baseline lag-1 within block": (-0.046, -0.039),
    "antibiotics lag-1 within block": (0.688, 0.687),
    "cream lag-1 within block": (0.784, 0.782),
    "baseline lag-1 per patient": (-0.039, -0.038),
    "antibiotics lag-1 per patient": (0.679, 0.684),
    "cream lag-1 per patient": (0.765, 0.760),
    "block 1 mean": (2.937, 2.94),
    "block 2 mean": (0.376, 0.377),
    "block 3 mean": (0.911, 0.810),
    "block 4 mean": (0.227, 0.226),
    "block 5 mean": (0.708, 0.809),
    "between-patient sd, block 3": (0.385, 0.381),
    "between-patient sd, block 5": (0.366, 0.381),
    "correlation of blocks 3 and 5": (0.73, 0.73),
    "first treated day": (1.785, 1.803),
    "day 7 of block 2": (0.448, 0.476),
    "overall mean": (1.032, 1.032),
    "overall sd": (1.071, 1.073),
}


def lag_1(rows):
    """Moment estimator, pooled over rows, each centred on its own mean."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    return (rows[:, 1:] * rows[:, :-1]).sum() / (rows**2).sum()


def statistics(score):
    """The table's statistics of one trial, (10 patients, 140 days)."""
    blocks = score.reshape(PATIENTS, 5, PERIOD)
    means = blocks.mean(axis=2)
    found = {f"block {b + 1} mean": means[:, b].mean() for b in range(5)}
    for name, which in (("baseline", [0]), ("antibiotics", [1, 3]), ("cream", [2, 4])):
        part = blocks[:, which]
        joined = part.reshape(PATIENTS, -1)
        found[f"{name} mean"], found[f"{name} sd"] = part.mean(), part.std()
        found[f"{name} lag-1 within block"] = lag_1(part.reshape(-1, PERIOD))
        found[f"{name} lag-1 per patient"] = np.mean([lag_1(row[None]) for row in joined])
        found[f"{name} share at 0"] = (part == 0).mean()
        found[f"{name} share at 3"] = (part == 3).mean()
    found["share at either bound"] = ((score == 0) | (score == 3)).mean()
    found["between-patient sd, block 3"] = means[:, 2].std(ddof=1)
    found["between-patient sd, block 5"] = means[:, 4].std(ddof=1)
    found["correlation of blocks 3 and 5"] = np.corrcoef(means[:, 2], means[:, 4])[0, 1]
    found["first treated day"], found["day 7 of block 2"] = score[:, 28].mean(), score[:, 34].mean()
    found["overall mean"], found["overall sd"] = score.mean(), score.std()
    return {name: found[name] for name in TABLE}


@pytest.fixture(scope="module")
def replicas():
    """Statistics of 200 trials of 10 patients: 2,000 patients of one protocol, ten by ten."""
    protocol = protocol_from(
        {
            "seed": 2023,
            "cohort": {"patients": REPLICAS * PATIENTS},
            "severity": "hettich2024",
            "design": {"arms": ["antibiotic", "cream"], "sequence": "abab", "cycles": 2},
            "treatments": {"antibiotic": "hettich2024/antibiotic", "cream": "hettich2024/cream"},
        }
    )
    cohort, schedule = make_cohort(protocol), make_schedule(protocol)
    found = simulate_trajectories(protocol, cohort, schedule)
    score = observe(protocol, cohort, schedule, Truth(found.severity, latent_score=found.latent)).score
    trials = [statistics(trial) for trial in score.reshape(REPLICAS, PATIENTS, DAYS)]
    return {name: np.array([trial[name] for trial in trials]) for name in TABLE}


@pytest.mark.parametrize("name", TABLE)
def test_v10_seed_lies_within_the_replicas(replicas, name):
    low, high = np.quantile(replicas[name], [0.025, 0.975])
    assert low <= TABLE[name][0] <= high


@pytest.mark.parametrize("name", TABLE)
def test_v10_means_are_the_fitted_models(replicas, name):
    error = replicas[name].std(ddof=1) * np.sqrt(1 / REPLICAS + 1 / 500)
    assert replicas[name].mean() == pytest.approx(TABLE[name][1], abs=4 * error + 0.001)


def icc(ratings):
    """ICC(2,1) of (faces, raters): two-way random effects, absolute agreement, single rating (Shrout, Fleiss 1979)."""
    n, k = ratings.shape
    rows, columns, grand = ratings.mean(axis=1), ratings.mean(axis=0), ratings.mean()
    between = k * ((rows - grand) ** 2).sum() / (n - 1)
    raters = n * ((columns - grand) ** 2).sum() / (k - 1)
    rest = ((ratings - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    return (between - rest) / (between + (k - 1) * rest + k * (raters - rest) / n)


def rated(scores, bias_sd, noise_sd, raters, faces=300):
    """(faces, raters) ratings of faces whose inflammatory counts are lognormal: median 27, log-SD .5."""
    names = [f"r{i}" for i in range(raters)]
    settings = {"scores": scores, "bias_sd": bias_sd, "noise_sd": noise_sd}
    protocol = protocol_from(
        {
            "seed": 11,
            "cohort": {"patients": faces},
            "severity": "clinical",
            "design": {"arms": ["a"], "sequence": "custom", "custom": "A", "period_days": 1, "baseline_days": 0},
            "treatments": {"a": {}},
            "observation": {"raters": [{"name": name} | settings for name in names]},
        }
    )
    from scipy.special import ndtri

    count = np.exp(np.log(27.0) + 0.5 * ndtri((np.arange(faces) + 0.5) / faces))[:, None]
    truth = Truth(count / 20, n_inflammatory=np.rint(count), n_nodule=np.zeros((faces, 1)), severity_of_count=np.log1p)
    recorded = observe(protocol, make_cohort(protocol), make_schedule(protocol), truth)
    return np.hstack([recorded.raters[name] for name in names])


@pytest.mark.parametrize(
    ("bias_sd", "noise_sd", "low", "high"),
    [(0.0, 0.15, 0.81, 0.97), (0.18, 0.20, 0.75, 0.90), (0.30, 0.30, 0.50, 0.70)],
    ids=["same rater", "trained", "untrained"],
)
def test_v7_count_agreement(bias_sd, noise_sd, low, high):
    ratings = rated("count", bias_sd, noise_sd, raters=60)
    assert low <= icc(np.log1p(ratings)) <= high


def test_v7_iga_agreement():
    assert 0.65 <= icc(rated("iga", 0.20, 0.30, raters=60)) <= 0.85
