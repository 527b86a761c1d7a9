"""Exanthem: places, symmetry, burst and clearing, count and area, looks, scores, pieces of skin."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from nof1sim.conditions.exanthem import Exanthem, counts, engine, looks, walk
from nof1sim.conditions.ground import FACE, Ground
from nof1sim.model import STAGES, Drive, LesionField, Patient
from nof1sim.protocol.types import Condition

START, DRUG_DAYS, DAYS = 4, 14, 40
PATIENTS = 12


def exanthem(**options: object) -> Exanthem:
    return Exanthem(Condition(name="exanthem", **options))  # pyright: ignore[reportArgumentType]


def someone(rank: int = 0, fitzpatrick: int = 3) -> Patient:
    return Patient(f"P{rank + 1:03d}", str(rank + 1), rank, 30.0, "F", 30.0, fitzpatrick)


def given(severity: np.ndarray) -> Drive:
    return Drive(np.asarray(severity, float), None, None, 1.0, 1.0, len(severity))


@lru_cache
def episode(rank: int) -> LesionField:
    rate = np.zeros(DAYS)
    rate[START - 1 : START - 1 + DRUG_DAYS] = 8.9
    return exanthem().field(someone(rank), Drive(None, rate, None, 0.05, 1.0, DAYS), 7)


@lru_cache
def steady(rank: int, severity: float = 2.6, days: int = 9) -> LesionField:
    return exanthem().field(someone(rank), given(np.full(days, severity)), 7)


def test_the_count_is_the_days_target_and_the_severity_comes_back() -> None:
    path = np.array([0.0, 0.4, 1.3, 2.9, 3.0, 2.4, 2.6, 1.0, np.nan, 0.3, 0.0, 0.0])
    condition = exanthem()
    field = condition.field(someone(), given(path), 1)
    found, known = condition.scores(field), np.where(np.isnan(path), 1.0, path)
    assert found["n_inflammatory"].tolist() == counts.count_map().targets(known).tolist()
    assert found["severity_lesions"] == pytest.approx(known, abs=0.03)
    assert not field.lost.any()
    assert found["clear"].tolist() == (known == 0).tolist()


@pytest.mark.parametrize(("severity", "share"), [(1.0, 0.045), (1.5, 0.10), (2.5, 0.30), (3.0, 0.48)])
def test_the_area_follows_the_severity(severity: float, share: float) -> None:
    condition = exanthem()
    found = [condition.scores(steady(rank, severity))["clinical_area_share"][-3:].mean() for rank in range(5)]
    assert np.mean(found) == pytest.approx(share, rel=0.12)


def test_grades_are_the_ctcae_of_the_share() -> None:
    assert counts.ctcae(np.array([0.0, 0.001, 0.0999, 0.11, 0.2999, 0.31, 0.9])).tolist() == [0, 1, 1, 2, 2, 3, 3]
    cuts = exanthem().grade_cuts
    assert cuts[0] == 0.5
    assert exanthem().severity_of_count(np.array(cuts[1:])) == pytest.approx([1.5, 2.5], abs=1e-4)


def test_one_burst_4_to_14_days_after_the_drug_and_clear_1_to_2_weeks_after_it() -> None:
    onsets, cleared = [], []
    for rank in range(PATIENTS):
        n = exanthem().scores(episode(rank))["n_inflammatory"]
        onset = int(np.argmax(n > 0.1 * n.max())) + 1 - START
        onsets.append(onset)
        assert n.max() > 100
        assert n[: START + 2].max() <= 3, "skin is clear before"
        rise = int(np.argmax(n > 0.8 * n.max())) + 1 - START - onset
        assert rise <= 5, "a burst"
        stop = START - 1 + DRUG_DAYS
        cleared.append(int(np.flatnonzero(n >= 0.05 * n.max())[-1]) + 1 - stop)
        assert n[stop + 14 :].max() <= 4, "and it does not come back"
    assert min(onsets) >= 4
    assert max(onsets) <= 14
    assert np.std(onsets) > 1
    assert all(7 <= days <= 14 for days in cleared), cleared


def test_a_rate_rises_late_and_falls_at_once() -> None:
    rate = np.array([0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5, 2.0])
    assert engine.delayed(rate, 3).tolist() == [0, 0, 0, 0, 2.0, 2.0, 0.5, 0.5]


def test_density_is_mirrored_but_lesions_are_not() -> None:
    edges = [np.arange(0, 90, 12.0), np.arange(-110, 80, 12.0)]
    halves, twins = [], []
    for rank in range(PATIENTS):
        looked = exanthem().on(steady(rank), 9)
        sides = [looked.take(looked.counted & (looked.x_mm * sign > 0)) for sign in (-1, 1)]
        halves.append([np.histogram2d(np.abs(side.x_mm), side.y_mm, edges)[0].ravel() for side in sides])
        far = np.hypot(sides[0].x_mm[:, None] + sides[1].x_mm, sides[0].y_mm[:, None] - sides[1].y_mm)
        twins.append((far.min(axis=1) < 0.3).mean())
        assert 0.6 < len(sides[0]) / len(sides[1]) < 1.6
    held = np.sum(halves, axis=(0, 1)) > 0
    right, left = np.array(halves)[:, 0][:, held], np.array(halves)[:, 1][:, held]
    own = [np.corrcoef(right[i], left[i])[0, 1] for i in range(PATIENTS)]
    others = [np.corrcoef(right[i], left[i - 1])[0, 1] for i in range(PATIENTS)]
    assert np.mean(own) > np.mean(others) + 0.2, (np.mean(own), np.mean(others))
    assert np.mean(own) > 0.45
    assert np.mean(twins) < 0.1


def test_a_lesion_keeps_its_place_and_sizes_are_1_to_10_mm() -> None:
    days = exanthem().lesion_days(episode(1))
    for name in ("x_mm", "y_mm", "shape"):
        first = dict(zip(days["lesion_id"][::-1], days[name][::-1], strict=True))
        assert all(first[i] == v for i, v in zip(days["lesion_id"], days[name], strict=True))
    wide = days["diameter_mm"][days["counted"]]
    assert wide.min() >= 1.0
    assert 7.0 < wide.max() <= 10.0
    assert (days["erythema"] <= 1).all()
    assert (days["crust"] < 0.2).all()
    assert set(np.array(STAGES)[days["stage"][days["counted"]]]) == {"papule", "erythema"}
    x, y = episode(1).columns["x_mm"], episode(1).columns["y_mm"]
    assert FACE.inside(np.asarray(x), np.asarray(y)).all()


def test_later_days_change_no_earlier_look() -> None:
    path = np.concatenate([np.linspace(0, 3, 8), np.full(8, 3.0)])
    other = np.concatenate([path[:10], np.zeros(9)])
    condition = exanthem(marks="realistic")
    for fitzpatrick in (1, 6):
        first, second = (condition.field(someone(0, fitzpatrick), given(p), 1) for p in (path, other))
        for day in (1, 5, 10):
            a, b = condition.on(first, day), condition.on(second, day)
            where = {(x, y): i for i, (x, y) in enumerate(zip(b.x_mm, b.y_mm, strict=True))}
            order = [where[place] for place in zip(a.x_mm, a.y_mm, strict=True)]
            assert len(a) == len(b)
            for name in ("diameter_mm", "height_mm", "erythema", "melanin", "crust", "stage", "counted"):
                assert np.array_equal(getattr(a, name), getattr(b, name)[order]), name


def test_on_is_the_day_of_lesion_days_and_all_repeats() -> None:
    condition, field = exanthem(), episode(2)
    days = condition.lesion_days(field)
    for day in (START + 14, DAYS):
        here = days["day"] == day
        for name, values in zip(days, (None, *vars_of(condition.on(field, day))), strict=True):
            assert values is None or np.array_equal(values, days[name][here]), name
    again = exanthem().field(someone(2), Drive(None, _rate(), None, 0.05, 1.0, DAYS), 7)
    assert all(np.array_equal(again.columns[name], values) for name, values in field.columns.items())
    with pytest.raises(ValueError, match="allowed: 1 to"):
        condition.on(field, 0)


def _rate() -> np.ndarray:
    return np.where((np.arange(DAYS) >= START - 1) & (np.arange(DAYS) < START - 1 + DRUG_DAYS), 8.9, 0.0)


def vars_of(lesions: object) -> list[np.ndarray]:
    return [getattr(lesions, name) for name in type(lesions).__dataclass_fields__]  # pyright: ignore


def test_redness_in_a_plaque_is_no_more_than_its_reddest_lesion_would_give() -> None:
    field = steady(0, 3.0)
    seen = looks.on_days(field.columns, 9, 9, "realistic")
    alone = np.asarray(field.columns["peak_erythema"])[seen.row]
    assert (seen.erythema <= alone + 1e-12).all()
    assert (seen.erythema < 0.7 * alone).mean() > 0.2, "many run together"
    found = exanthem().scores(field)["clinical_erythema"]
    assert 0.5 < found[-1] < 3 * alone.max()


def test_brown_marks_follow_on_deep_skin_only_and_as_the_option_says() -> None:
    path = np.concatenate([np.full(6, 2.5), np.zeros(12)])

    def brown(fitzpatrick: int, marks: str, day: int) -> int:
        condition = exanthem(marks=marks)
        on = condition.on(condition.field(someone(0, fitzpatrick), given(path), 1), day)
        assert not on.counted[on.stage == STAGES.index("hyperpigmentation")].any()
        return int((on.stage == STAGES.index("hyperpigmentation")).sum())

    assert brown(1, "realistic", 18) == 0
    assert brown(6, "realistic", 18) > 100
    assert brown(6, "fast", 18) < brown(6, "realistic", 18)
    assert brown(6, "off", 18) == 0


def test_fine_scale_while_it_clears_and_none_before() -> None:
    condition = exanthem(marks="off")
    field = condition.field(someone(), given(np.concatenate([np.full(5, 2.0), np.zeros(9)])), 1)
    days = condition.lesion_days(field)
    assert not days["crust"][days["counted"]].any()
    assert days["crust"][days["day"] == 7].max() > 0.1
    assert not (days["day"] > 5 + walk.FADE_DAYS).any(), "gone within a week"


def test_scores_of_saved_tables_are_the_scores() -> None:
    condition, field = exanthem(), episode(3)
    days = dict(condition.lesion_days(field))
    days |= {name: days[name].astype(np.float32) for name in ("diameter_mm", "erythema")}
    days["stage"] = np.array(STAGES)[days["stage"]]
    again = condition.scores_of_tables(condition.named(field), days, field.days)
    for name, values in condition.scores(field).items():
        assert again[name] == pytest.approx(values, abs=1e-9), name
    with pytest.raises(KeyError):
        condition.scores_of_tables({n: v[:1] for n, v in field.columns.items()}, days, field.days)


def test_a_piece_of_skin_has_lesions_for_its_area() -> None:
    condition, side = exanthem(), 60.0
    for severity in (0.0, 0.3, 2.5):
        drive = given(np.full(6, severity))
        field = condition.patch(someone(), drive, 3, ("skin", 1), side)
        on = condition.on(field, 6)
        share = Ground(side + 12.0).area_mm2 / FACE.area_mm2
        wanted = float(condition.count_of_severity(np.array(severity))) * share
        assert abs(on.counted.sum() - wanted) <= 1
        assert (on.counted.sum() > 0) == (severity > 0)
        assert np.abs(on.x_mm).max(initial=0.0) <= side / 2 + 6.0
    other = condition.patch(someone(), given(np.full(6, 2.5)), 3, ("skin", 2), side)
    assert not np.array_equal(other.columns["x_mm"][:5], field.columns["x_mm"][:5])
    assert set(condition.named(field)["region"]) == {"none"}


def test_a_smooth_rating_follows_the_level() -> None:
    path = 1.5 + 0.4 * np.where(np.arange(30) % 2, 1, -1)
    exact, smooth = (
        exanthem(fidelity=kind).scores(exanthem(fidelity=kind).field(someone(), given(path), 1))["n_inflammatory"]
        for kind in ("exact", "smooth")
    )
    assert np.ptp(smooth) < 0.3 * np.ptp(exact)


def test_more_severe_twins_have_the_same_first_lesions() -> None:
    condition = exanthem()
    mild, severe = (condition.field(someone(), given(np.r_[0.0, s]), 1) for s in (1.0, 2.0))
    places = {*zip(severe.columns["x_mm"], severe.columns["y_mm"], strict=True)}
    assert all(place in places for place in zip(mild.columns["x_mm"], mild.columns["y_mm"], strict=True))
    assert severe.columns["x_mm"].size > mild.columns["x_mm"].size
