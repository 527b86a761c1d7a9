"""The lesions' statistics against published tables: V5, V8, V9 and the fidelity table of the severity page."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from nof1sim.conditions.acne import Acne, count_map
from nof1sim.conditions.acne.life import FORCED, GOING_ON, KINDS, NATURAL, ORIGINS
from nof1sim.model import Drive, Patient, patient_key
from nof1sim.protocol.types import Condition
from nof1sim.randomness import stream

pytestmark = pytest.mark.verification

SEED_CSV = Path(__file__).parents[2].parent / "shared" / "reference" / "sim_acne.csv"
INFLAMED = KINDS.index("papule")
PATIENTS, DAYS = 300, 140


def untreated(rank, days=DAYS):
    """The `clinical` set without treatment: IL lognormal 27, log-SD .32, in 20 to 60; AR(1) SD .20, phi .9."""
    rng = stream(5, patient_key(rank), "verification")
    count = 0.0
    while not 20 < count < 60:
        count = 27.0 * np.exp(0.32 * rng.standard_normal())
    noise = rng.standard_normal(days)
    rate = np.empty(days)
    rate[0] = 0.2 * noise[0]
    for t in range(1, days):
        rate[t] = 0.9 * rate[t - 1] + np.sqrt(1 - 0.81) * 0.2 * noise[t]
    ratio = 1.5 * np.exp(0.35 * rng.standard_normal())
    return Drive(None, rate, np.zeros(days), float(count), float(ratio), days)


@pytest.fixture(scope="module")
def cohort():
    """(patient, lesion table, scores) of an untreated clinical cohort, types I to VI in turn, realistic marks."""
    acne = Acne(Condition(marks="realistic"))
    people = []
    for rank in range(PATIENTS):
        patient = Patient(patient_key(rank), str(rank), rank, 20.0, "FM"[rank % 2], 30.0, 1 + rank % 6)
        field = acne.field(patient, untreated(rank), 0)
        assert not field.lost.any()
        people.append((patient, field.columns, acne.scores(field)))
    return people


def pooled(cohort, name, chosen):
    return np.concatenate([table[name][chosen(table)] for _, table, _ in cohort])


def healed(table):
    """Inflammatory lesions born and healed in time to be watched to their end."""
    return (table["kind"] >= INFLAMED) & (table["birth_day"] >= 1) & (table["birth_day"] <= DAYS - 40)


def ages_on(table, day):
    """Ages (days) of the inflammatory lesions of a day."""
    alive = (table["kind"] >= INFLAMED) & (table["birth_day"] <= day) & (table["last_counted_day"] >= day)
    return day - table["birth_day"][alive]


def test_v5_baseline_ratio_and_lifetimes(cohort):
    ratio = [s["n_noninflammatory"][0] / s["n_inflammatory"][0] for _, _, s in cohort]
    assert 1.2 < np.median(ratio) < 1.8
    small = pooled(cohort, "last_counted_day", lambda t: healed(t) & (t["kind"] != KINDS.index("nodule")))
    born = pooled(cohort, "birth_day", lambda t: healed(t) & (t["kind"] != KINDS.index("nodule")))
    assert 5 <= np.median(small - born + 1) <= 10


def test_day_1_is_like_any_other_day(cohort):
    for name in ("n_inflammatory", "n_noninflammatory", "n_pustule"):
        values = np.array([s[name] for _, _, s in cohort], float)
        assert values[:, 0].mean() == pytest.approx(values[:, 30:].mean(), rel=0.08), name
    ages, late = (np.concatenate([ages_on(table, day) for _, table, _ in cohort]) for day in (1, 100))
    assert ages.mean() == pytest.approx(late.mean(), rel=0.08)


def test_v8_daily_counts_are_autocorrelated_as_turnover_says(cohort):
    lag1 = []
    for _, _, score in cohort:
        x = score["n_inflammatory"] - score["n_inflammatory"].mean()
        lag1.append((x[1:] * x[:-1]).sum() / (x * x).sum())
    assert 0.85 < np.mean(lag1) < 0.95
    cv = [s["n_inflammatory"].std() / s["n_inflammatory"].mean() for _, _, s in cohort]
    assert 0.18 < np.mean(cv) < 0.32


def test_v9_origins(cohort):
    origin = pooled(cohort, "origin", lambda t: (t["kind"] >= INFLAMED) & (t["birth_day"] >= 2))
    share = np.bincount(origin, minlength=len(ORIGINS)) / origin.size
    assert share[:4] == pytest.approx([0.54, 0.28, 0.12, 0.06], abs=0.05)


def test_v9_scars(cohort):
    scar = pooled(cohort, "scar", healed)
    new = (scar == 1) | (scar == 2)
    macule = (pooled(cohort, "pie_days", healed) + pooled(cohort, "pih_days", healed)) > 0
    assert 0.04 < new.mean() < 0.08
    assert 0.75 < macule[new].mean() < 0.90, "Tan 2017: 83 % of scars come by way of a macule"
    assert 0.28 < (scar[new] == 1).mean() < 0.40, "Tan 2017: 34 % are transient"


def test_v9_brown_marks_by_person(cohort):
    longest = np.array([t["pih_days"].max() for p, t, _ in cohort if p.fitzpatrick >= 3])
    shown = np.array([s["n_hyperpigmentation"].max() > 0 for p, _, s in cohort if p.fitzpatrick >= 3])
    assert 0.5 < (longest > 0).mean() < 0.9
    assert (shown == (longest > 0)).mean() > 0.97
    assert 0.45 < (longest[longest > 0] >= 365).mean() < 0.60
    light = np.array([t["pih_days"].max() for p, t, _ in cohort if p.fitzpatrick <= 2])
    assert (light > 0).mean() < (longest > 0).mean() - 0.2


def test_red_marks_are_calibrated(cohort):
    days = pooled(cohort, "pie_days", healed)
    assert (days > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert np.median(days[days > 0]) == pytest.approx(16, abs=1)
    red = np.mean([s["n_erythema"].mean() for _, _, s in cohort])
    inflamed = np.mean([s["n_inflammatory"].mean() for _, _, s in cohort])
    assert 1.0 < red / inflamed < 1.7, "Do 2008: 26 to 18"


@pytest.mark.parametrize(
    ("effect", "comedone_effect", "tau", "inflamed", "comedones"),
    [
        (0.0, 0.0, 1.0, (0.20, 0.45), (0.18, 0.38)),
        (-0.42, -0.26, 21.0, (0.45, 0.60), (0.33, 0.50)),
        (-0.52, -0.36, 28.0, (0.48, 0.58), (0.38, 0.50)),
    ],
    ids=["vehicle", "benzoyl_peroxide", "oral_antibiotic"],
)
def test_v1_v2_reductions_at_week_12(effect, comedone_effect, tau, inflamed, comedones):
    """The comedones' removal law, which a drive can only approximate, still gives trial-like reductions."""
    acne, day = Acne(Condition(marks="off")), np.arange(85)
    wash_in, placebo = 1 - (1 - 1 / tau) ** day, 1 - (1 - 1 / 24) ** day
    change = np.zeros((2, 200))
    for rank in range(200):
        rest = untreated(rank, 85)
        size = np.exp(0.75 * stream(6, patient_key(rank), "size").standard_normal(2) - 0.75**2 / 2)
        log_rate = rest.log_rate + effect * wash_in * size[0] - 0.52 * placebo * size[1]
        slow = comedone_effect * wash_in * size[0] - 0.36 * placebo * size[1]
        drive = Drive(None, log_rate, slow, rest.baseline_count, rest.comedone_ratio, 85)
        score = acne.scores(acne.field(Patient(patient_key(rank), "1", rank, 20.0, "M", 30.0, 3), drive, 0))
        for row, name in enumerate(("n_inflammatory", "n_noninflammatory")):
            change[row, rank] = 1 - score[name][84] / max(score[name][0], 1)
    assert inflamed[0] < change[0].mean() < inflamed[1]
    assert comedones[0] < change[1].mean() < comedones[1]


def test_left_and_right_counts_go_together(cohort):
    left, right = (np.array([s[n].mean() for _, _, s in cohort]) for n in ("n_left", "n_right"))
    assert 0.7 < np.corrcoef(left, right)[0, 1] < 0.97


@pytest.fixture(scope="module")
def seed_rows():
    if not SEED_CSV.is_file():
        pytest.skip("the seed trial (shared/reference/sim_acne.csv) is not here")
    with SEED_CSV.open(encoding="utf-8") as file:
        values = [float(row["AcneSeverity"]) for row in csv.DictReader(file)]
    return np.array(values).reshape(10, 140)


def follow(paths, fidelity):
    """Severity error to the input, lifetimes, share of early forced healings, pooled day-to-day Jaccard of lesions."""
    acne = Acne(Condition(fidelity=fidelity, scars=False))
    error, lives, endings, same, union, lost = [], [], [], 0, 0, 0
    for rank, path in enumerate(paths):
        patient = Patient(patient_key(rank), str(rank), rank, 20.0, "M", 30.0, 1 + rank % 6)
        field = acne.field(patient, Drive(path, None, None, 0.0, 1.5, path.size), 0)
        table = field.columns
        error.append(acne.scores(field)["severity_lesions"] - path)
        chosen = (table["kind"] >= INFLAMED) & (table["ending"] != GOING_ON) & (table["last_counted_day"] >= 1)
        lives.append((table["last_counted_day"] - table["birth_day"] + 1)[chosen & (table["birth_day"] >= 1)])
        endings.append(table["ending"][chosen])
        day = np.arange(1, path.size + 1)[:, None]
        alive = (table["birth_day"] <= day) & (day <= table["last_counted_day"]) & (table["kind"] >= INFLAMED)
        same += (alive[1:] & alive[:-1]).sum()
        union += (alive[1:] | alive[:-1]).sum()
        lost += field.lost.sum()
    forced = (np.concatenate(endings) == FORCED).mean()
    return np.array(error), np.concatenate(lives), forced, same / union, lost


def test_seed_trial_exactly(seed_rows):
    error, lives, forced, jaccard, lost = follow(seed_rows, "exact")
    assert np.abs(error).max() <= 0.03
    assert np.abs(error).mean() <= 0.008
    assert lost == 0
    assert 5 <= np.median(lives) <= 7
    assert (lives <= 1).mean() < 0.10
    assert 0.25 < forced < 0.42
    assert 0.70 < jaccard < 0.80


def test_seed_trial_smoothed(seed_rows):
    error, lives, forced, jaccard, lost = follow(seed_rows, "smooth")
    assert np.sqrt((error**2).mean()) == pytest.approx(0.117, abs=0.01)
    assert lost == 0
    assert 6 <= np.median(lives) <= 8
    assert (lives <= 1).mean() < 0.005
    assert forced < 0.2
    assert 0.74 < jaccard < 0.87


def test_a_trial_like_path_needs_hardly_any_force():
    path = 1.0 + 1.2 * np.exp(-np.arange(140) / 21.0)
    error, lives, forced, _, lost = follow(np.tile(path, (10, 1)), "exact")
    assert np.abs(error).max() <= 0.03
    assert lost == 0
    assert forced < 0.06
    assert 6 <= np.median(lives) <= 8


def test_naive_choice_would_fail_these_checks(seed_rows):
    """The checks can fail: lesions on where rank <= count live half as long."""
    lives = []
    for count in count_map().targets(seed_rows):
        on = np.arange(140) < count[:, None]
        for site in on.T:
            edges = np.flatnonzero(np.diff(np.r_[0, site, 0]))
            lives += list(edges[1::2] - edges[::2])
    assert np.median(lives) < 5
    assert NATURAL != FORCED
