"""The severity model against the numbers it was fitted to, and its raters against published agreement.

The seed data set is a published simulated trial (10 patients x 140 days: 28 days of baseline, then Antibiotics, Cream,
Antibiotics, Cream of 28 days each). Its statistics and those of the fitted model (500 replicas) are the table in
section 6.6 of the severity and lesion page of the design; the estimators below give the seed's column from its CSV.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from nof1sim.conditions.acne import Acne
from nof1sim.protocol import merge, protocol_from
from nof1sim.severity import Truth, drive_of, make_cohort, observe, simulate_trajectories
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


ROUNDED = {"baseline share at 3": 0.013}
"""The fit's parameters are printed with two or three digits. A baseline of 3.0 has 50.1 % of its days at 3, and the
seed has 50.4 %; the table's 48.9 % belongs to an unrounded 2.995."""


@pytest.mark.parametrize("name", TABLE)
def test_v10_means_are_the_fitted_models(replicas, name):
    error = replicas[name].std(ddof=1) * np.sqrt(1 / REPLICAS + 1 / 500)
    assert replicas[name].mean() == pytest.approx(TABLE[name][1], abs=4 * error + ROUNDED.get(name, 0.001))


def icc(ratings):
    """ICC(2,1) of (faces, raters): two-way random effects, absolute agreement, single rating (Shrout, Fleiss 1979)."""
    n, k = ratings.shape
    rows, columns, grand = ratings.mean(axis=1), ratings.mean(axis=0), ratings.mean()
    between = k * ((rows - grand) ** 2).sum() / (n - 1)
    raters = n * ((columns - grand) ** 2).sum() / (k - 1)
    rest = ((ratings - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    return (between - rest) / (between + (k - 1) * rest + k * (raters - rest) / n)


def rated(scores, bias_sd, noise_sd, median, log_sd, raters=60, faces=300):
    """(faces, raters) ratings of faces whose inflammatory counts are lognormal."""
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
    count = np.exp(np.log(median) + log_sd * ndtri((np.arange(faces) + 0.5) / faces))[:, None]
    cuts = tuple(Acne(protocol.condition).grade_cuts)
    truth = Truth(count / 20, np.rint(count), np.zeros((faces, 1)), iga_cuts=cuts, severity_of_count=np.log1p)
    recorded = observe(protocol, make_cohort(protocol), make_schedule(protocol), truth)
    return np.hstack([recorded.raters[name] for name in names])


@pytest.mark.parametrize(
    ("bias_sd", "noise_sd", "low", "high"),
    [(0.0, 0.15, 0.81, 0.97), (0.18, 0.20, 0.75, 0.90), (0.30, 0.30, 0.50, 0.70)],
    ids=["same rater", "trained", "untrained"],
)
def test_v7_count_agreement(bias_sd, noise_sd, low, high):
    """Lucky 1996: people with acne as trials see them, log-SD .52 between them (the spread that the fit implies)."""
    assert low <= icc(np.log1p(rated("count", bias_sd, noise_sd, median=27.0, log_sd=0.52))) <= high


def test_v7_iga_agreement():
    """On a treated cohort's mix of grades: 0-1 12 %, 2 36 %, 3-4 52 % of 1,347 visits."""
    ratings = rated("iga", 0.20, 0.30, median=20.0, log_sd=0.79)
    assert 0.65 <= icc(ratings) <= 0.85


BASE_DAYS, WEEK_4, WEEK_12 = 14, 14 + 27, 14 + 83
ENTRY = {"iga": (3, 4), "n_inflammatory": (20, 1000), "n_noninflammatory": (25, 100), "n_nodule": (0, 2)}
"""The usual door of a phase 3 trial, at the last day before treatment: inclusive ranges."""


def lesion_scores(document, patients, seed):
    """The protocol's cohort, and its daily scores from the lesions: name -> (patients, days)."""
    protocol = protocol_from(
        merge({"seed": seed, "cohort": {"patients": patients}, "severity": {"parameters": "clinical"}}, document)
    )
    cohort = make_cohort(protocol)
    found = simulate_trajectories(protocol, cohort, make_schedule(protocol))
    acne = Acne(protocol.condition)
    rows = [
        acne.scores(acne.field(patient, drive_of(found, cohort, i), protocol.seed))
        for i, patient in enumerate(cohort.patients)
    ]
    return cohort, {name: np.array([row[name] for row in rows]).astype(float) for name in rows[0]}


def one_arm(arm, period_days, baseline_days):
    design = {"arms": [arm], "sequence": "custom", "custom": "A"}
    return {
        "design": design | {"period_days": period_days, "baseline_days": baseline_days},
        "treatments": {arm: {"preset": f"clinical/{arm}"}},
    }


@pytest.fixture(scope="module")
def trials():
    """Arm -> the trial's results, of those of 1,500 people who pass the door (about 900)."""
    results = {}
    for arm in ("vehicle", "benzoyl_peroxide", "oral_antibiotic", "adapalene_bpo", "adapalene"):
        _, score = lesion_scores(one_arm(arm, 84, BASE_DAYS), patients=1500, seed=5)
        before = {name: values[:, BASE_DAYS - 1] for name, values in score.items()}
        enters = np.all([(before[n] >= low) & (before[n] <= high) for n, (low, high) in ENTRY.items()], axis=0)

        def reduction(name, day, score=score, before=before, enters=enters):
            return 100 * np.mean(1 - score[name][enters, day] / before[name][enters])

        success = (score["iga"][:, WEEK_12] <= 1) & (score["iga"][:, WEEK_12] <= before["iga"] - 2)
        results[arm] = {
            "inflammatory": reduction("n_inflammatory", WEEK_12),
            "week 4 share": reduction("n_inflammatory", WEEK_4) / reduction("n_inflammatory", WEEK_12),
            "noninflammatory": reduction("n_noninflammatory", WEEK_12),
            "success": 100 * success[enters].mean(),
            "ratio": before["n_noninflammatory"][enters].mean() / before["n_inflammatory"][enters].mean(),
        }
    return results


@pytest.mark.parametrize(
    ("arm", "low", "high"),
    [("vehicle", 20, 45), ("benzoyl_peroxide", 45, 60), ("oral_antibiotic", 48, 58), ("adapalene_bpo", 55, 70)],
)
def test_v1_inflammatory_reduction_at_week_12(trials, arm, low, high):
    """Mean per cent: Lamel 2015 (vehicle, benzoyl peroxide), Simonart 2008 (oral antibiotics)."""
    assert low <= trials[arm]["inflammatory"] <= high


@pytest.mark.parametrize(
    ("arm", "low", "high"), [("vehicle", 18, 38), ("benzoyl_peroxide", 33, 50), ("oral_antibiotic", 38, 50)]
)
def test_v2_noninflammatory_reduction_at_week_12(trials, arm, low, high):
    """Mean per cent: Lamel 2015, Simonart 2008."""
    assert low <= trials[arm]["noninflammatory"] <= high


@pytest.mark.parametrize("arm", ["benzoyl_peroxide", "oral_antibiotic", "adapalene_bpo", "adapalene"])
def test_v3_share_of_the_gain_at_week_4(trials, arm):
    assert 0.55 <= trials[arm]["week 4 share"] <= 0.80


@pytest.mark.parametrize(
    ("arm", "low", "high"),
    [("vehicle", 12, 20), ("adapalene", 18, 26), ("benzoyl_peroxide", 22, 31), ("adapalene_bpo", 33, 43)],
)
def test_v4_iga_success_at_week_12(trials, arm, low, high):
    """IGA 0 or 1 and two grades better, per cent: Gold et al. 2009 (NCT00422240)."""
    assert low <= trials[arm]["success"] <= high


def test_v5_comedones_per_inflammatory_lesion_at_entry(trials):
    assert 1.2 <= trials["vehicle"]["ratio"] <= 1.8


def test_v6_premenstrual_flares():
    """Untreated women over three cycles: the last week before menses against days 8 to 14 (EJD 2016; Lucky 2004)."""
    document = merge(one_arm("vehicle", 1, 98), {"cohort": {"sex": {"F": 1.0}}})
    cohort, score = lesion_scores(document, patients=600, seed=12)
    day = np.arange(14, 98)
    place = (day + cohort.numbers["cycle_phase_days"][:, None]) % 28
    late, early = (place >= 21), (place >= 7) & (place < 14)
    count = score["n_inflammatory"][:, day]
    ratio = (count * late).sum(axis=1) / late.sum(axis=1) / ((count * early).sum(axis=1) / early.sum(axis=1))
    flares = cohort.numbers["cycle_amplitude"] > 0
    assert 1.3 <= ratio[flares].mean() <= 1.6
    assert 0.40 <= (ratio >= 1.2).mean() <= 0.65
    assert ratio[~flares].mean() == pytest.approx(1.0, abs=0.05)
