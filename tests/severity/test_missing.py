"""Missing days: stated rates, and on what they depend."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from scipy.special import expit

from nof1sim.protocol.observation import Missing
from nof1sim.randomness import stream
from nof1sim.severity.missing import REASONS, missing_reasons

NAMES = ("mcar", "mar", "drop_out", "image_only", "score_only", "vacation", "vacation_start", "vacation_length")
MONDAY = datetime.date(2018, 1, 1)
DAYS, PATIENTS = 84, 4000
FLAT = np.full((DAYS, PATIENTS), 1.5)
UNIFORM = {name: stream(1, name).random((DAYS, PATIENTS)) for name in NAMES}


def reasons(severity=FLAT, start=MONDAY, **settings):
    days, patients = severity.shape
    uniform = {name: numbers[:days, :patients] for name, numbers in UNIFORM.items()}
    return missing_reasons(Missing(**settings), uniform, severity, start)


def code(name):
    return REASONS.index(name)


def test_nothing_is_lost_by_default():
    assert not reasons().any()


def test_mcar_has_its_rate_on_every_day():
    lost = reasons(mcar=0.08) == code("mcar")
    assert lost.mean() == pytest.approx(0.08, abs=0.002)
    assert np.ptp(lost.mean(axis=1)) < 0.04
    assert (reasons(mcar=1.0) == code("mcar")).all()


def test_mar_follows_its_logit():
    mechanism = {"intercept": -2.0, "per_4_weeks": 0.3, "weekend": 0.8, "after_missed": 1.0}
    lost = reasons(mar=mechanism) == code("mar")
    day = np.arange(DAYS)
    for before in (False, True):
        for weekend in (False, True):
            for days in (day < 28, day >= 56):
                days = days & ((day % 7 >= 5) == weekend) & (day > 0)
                given = lost[day[days] - 1] == before
                found = lost[days][given].mean()
                expected = expit(-2.0 + 0.3 * day[days] / 28 + 0.8 * weekend + before).mean()
                assert found == pytest.approx(expected, abs=0.025)


def test_weekends_are_those_of_the_calendar():
    mechanism = {"intercept": -8.0, "per_4_weeks": 0.0, "weekend": 16.0, "after_missed": 0.0}
    lost = (reasons(mar=mechanism, start=datetime.date(2018, 1, 5)) > 0).mean(axis=1)  # a Friday
    assert (lost[:9] > 0.5).tolist() == [False, True, True, False, False, False, False, False, True]


@pytest.mark.parametrize("tilt", [1.5, -1.5])
@pytest.mark.parametrize("base", [{"mcar": 0.1}, {"mar": {}}, {}])
def test_mnar_depends_on_the_severity_beside_the_own_mean(tilt, base):
    severity = 1.5 + 0.5 * stream(2, "severity").standard_normal((DAYS, PATIENTS)) + np.linspace(-1, 1, PATIENTS)
    lost = reasons(severity, mnar=tilt, **base) > 0
    deviation = severity - severity.mean(axis=0)
    bad, good = lost[deviation > 0.5].mean(), lost[deviation < -0.5].mean()
    assert (bad > 2 * good) if tilt > 0 else (good > 2 * bad)
    between = np.corrcoef(lost.mean(axis=0), severity.mean(axis=0))[0, 1]
    assert abs(between) < 0.1  # the own mean, not the severity itself
    assert lost.mean() == pytest.approx(0.1, abs=0.06)


def test_mnar_tilts_the_stated_odds():
    severity = np.where(np.arange(DAYS)[:, None] % 2, 2.0, 1.0) * np.ones(PATIENTS)
    lost = (reasons(severity, mnar=2.0, mcar=0.1) > 0).mean(axis=1)
    odds = lost / (1 - lost)
    assert np.log(odds[1::2].mean() / odds[::2].mean()) == pytest.approx(2.0, abs=0.1)
    assert lost.mean() == pytest.approx(0.1, abs=0.005)


def courses():
    """Severities (days, patients) of several kinds, as trials have them."""
    noise = 0.3 * stream(3, "severity").standard_normal((DAYS, 800))
    day = np.arange(DAYS)[:, None]
    return {
        "flat": FLAT[:, :800],
        "noise": 1.5 + noise,
        "falls for good": np.where(day < 28, 3.0, 1.0) + noise,
        "rises for good": np.where(day < 28, 0.5, 2.5) + noise,
        "crossover": np.where(day // 14 % 2, 0.8, 2.2) + noise,
        "trend": 3.0 - 2.5 * day / DAYS + noise,
    }


@pytest.mark.parametrize("tilt", [-1.5, 3.0])
@pytest.mark.parametrize(
    "base", [{"mcar": 0.2}, {"mcar": 0.05}, {"mar": {"intercept": -2.0}}, {"mcar": 0.1, "mar": {}}, {}]
)
@pytest.mark.parametrize("course", courses())
def test_mnar_keeps_the_share_it_promises(course, base, tilt):
    usual = {"mar": {"per_4_weeks": 0, "weekend": 0, "after_missed": 0}}
    promised = (reasons(courses()[course], **(base or usual)) > 0).mean()
    lost = reasons(courses()[course], mnar=tilt, **base) > 0
    assert lost.mean() == pytest.approx(promised, abs=0.02)
    assert lost.mean(axis=0).std() < 0.06, "for every patient, but for chance"


def test_mnar_is_a_mechanism_of_its_own():
    severity = courses()["noise"]
    found = reasons(severity, mcar=0.2, mar={}, mnar=-1.5, image_only=0.05)
    assert set(np.unique(found)) == {0, code("mnar"), code("image_only")}
    assert REASONS[1:7] == ("mcar", "mar", "vacation", "drop_out", "image_only", "score_only"), "codes stay"
    assert (reasons(severity, mcar=1.0, mnar=-1.5) == code("mnar")).all()


def test_drop_out_is_for_good_and_has_its_hazard():
    gone = reasons(dropout_per_day=0.0017, dropout_severity=0.0) == code("drop_out")
    assert (np.diff(gone.astype(int), axis=0) >= 0).all()
    assert not gone[0].any()
    assert gone[-1].mean() == pytest.approx(1 - (1 - 0.0017) ** 83, abs=0.015)  # 13 % in 12 weeks


def test_drop_out_is_likelier_when_worse_than_on_day_1():
    severity = FLAT.copy()
    severity[1:, : PATIENTS // 2] += 1.0
    gone = reasons(severity, dropout_per_day=0.002, dropout_severity=1.0)[-1] > 0
    worse, same = gone[: PATIENTS // 2].mean(), gone[PATIENTS // 2 :].mean()
    assert same == pytest.approx(1 - (1 - 0.002) ** 83, abs=0.02)
    assert worse == pytest.approx(1 - (1 - 0.002 * np.e) ** 83, abs=0.03)


def test_vacations_are_one_gap_of_the_stated_length():
    away = reasons(vacation=0.15, vacation_low_days=5, vacation_high_days=10) == code("vacation")
    assert away.any(axis=0).mean() == pytest.approx(0.15, abs=0.02)
    starts = (np.diff(away.astype(int), axis=0, prepend=0) == 1).sum(axis=0)
    assert starts.max() == 1
    inside = away.any(axis=0) & ~away[-1]
    assert set(np.unique(away[:, inside].sum(axis=0))) == {5, 6, 7, 8, 9, 10}
    assert (reasons(vacation=1.0) == code("vacation")).any(axis=0).all()


def test_image_only_and_score_only_have_their_rates():
    lost = reasons(image_only=0.05, score_only=0.1)
    assert (lost == code("image_only")).mean() == pytest.approx(0.05, abs=0.002)
    assert (lost == code("score_only")).mean() == pytest.approx(0.95 * 0.1, abs=0.003)


def test_reasons_give_way_in_order():
    lost = reasons(dropout_per_day=0.02, vacation=1.0, mcar=1.0, image_only=1.0)
    assert set(np.unique(lost)) == {code("mcar"), code("vacation"), code("drop_out")}
    assert (lost[-1] == code("drop_out")).mean() > 0.7
