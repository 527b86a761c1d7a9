"""How many lesions, which, and in what order."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.conditions.acne.counts import count_map
from nof1sim.editing.lesions import (
    GRADES,
    Area,
    cheek_density,
    choose,
    count_for_grade,
    count_for_severity,
    hayashi_class,
    shown_count,
)
from nof1sim.editing.stock import NODULE, Person, kind_of, nodules_of
from nof1sim.errors import InputError
from nof1sim.randomness import stream

ANYWHERE = Area(lambda lesions: np.ones(len(lesions), bool))
PERSON = Person("photo", 40.0)
SEVERITIES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


def looks(lesions):
    columns = ("x_mm", "y_mm", "stage", "diameter_mm", "erythema", "shape")
    return set(zip(*(getattr(lesions, name).tolist() for name in columns), strict=True))


@pytest.mark.parametrize("grade", GRADES)
def test_count_of_a_grade_has_that_class_however_it_is_drawn(grade):
    counts = [count_for_grade(grade)] + [count_for_grade(grade, stream(0, "count", i)) for i in range(200)]
    assert {hayashi_class(n) for n in counts} == {grade}
    assert {hayashi_class(shown_count(n, "half"), "half") for n in counts} == {grade}
    assert len(set(counts)) > 1
    assert max(counts) <= count_map().most


def test_a_count_of_a_severity_is_the_count_map_s():
    assert [count_for_severity(s) for s in SEVERITIES] == count_map().targets(np.array(SEVERITIES)).tolist()
    for wrong in (-0.1, 3.01):
        with pytest.raises(InputError, match="0 to 3"):
            count_for_severity(wrong)
    with pytest.raises(InputError, match="Hayashi"):
        count_for_grade(4)


def test_doses_are_nested():
    fits = Area(lambda lesions: lesions.y_mm < 30)
    before = set()
    for severity in SEVERITIES:
        now = looks(choose(PERSON, 3, count_for_severity(severity), fits))
        assert before <= now
        before = now


def test_so_many_lesions_as_asked_on_half_the_chart_too():
    half = Area(lambda lesions: lesions.x_mm > 0, whole_per_one=2.0)
    for count in (0, 1, 10, 70):
        for area in (ANYWHERE, half):
            lesions = choose(PERSON, 1, count, area)
            assert (kind_of(lesions.stage) == 0).sum() == count
            assert area.fits(lesions).all()
            assert lesions.lesion_id.tolist() == list(range(1, len(lesions) + 1))
            assert bool(len(lesions)) == bool(count)


def test_lesions_of_several_stocks_keep_apart():
    lesions = choose(PERSON, 2, 60, Area(lambda one: (one.x_mm > 20) & (one.y_mm < 0), whole_per_one=2.0))
    red = lesions.take(kind_of(lesions.stage) == 0)
    far = np.hypot(red.x_mm[:, None] - red.x_mm, red.y_mm[:, None] - red.y_mm) + 99 * np.eye(len(red))
    assert len(red) == 60
    assert far.min() > 2.0


def test_mild_acne_has_no_nodules_and_severe_acne_has_the_engine_s_share():
    counts = [nodules_of(np.array(n)) for n in (0, 23, 67, 140)]
    assert counts == [0, 0, 2, 4]
    assert [nodules_of(np.array(n), 2.0) for n in (12, 70)] == [0, 2]  # half a face has half as many
    assert not (choose(PERSON, 0, 23, ANYWHERE).stage == NODULE).any()
    many = [int((choose(Person(f"p{i}", 40.0), 0, 140, ANYWHERE).stage == NODULE).sum()) for i in range(8)]
    assert 1 <= np.mean(many) <= 4


def test_a_patch_is_as_dense_as_a_cheek():
    size = (60.0, 60.0)
    count = shown_count(140, "patch", 3600.0)
    assert count == round(140 * 3600 * cheek_density())
    assert 20 <= count <= 36  # a fifth of the face's lesions lie on a cheek of some 5000 mm2
    lesions = choose(PERSON, 0, count, Area(ANYWHERE.fits, size, 140 / count))
    red = lesions.take(kind_of(lesions.stage) == 0)
    assert len(red) == count
    assert (np.abs(lesions.x_mm) <= 30).all()
    assert (np.abs(lesions.y_mm) <= 30).all()
    assert np.ptp(red.x_mm) > 40


def test_a_full_skin_gives_what_fits():
    small = Area(lambda lesions: (np.abs(lesions.x_mm) < 8) & (lesions.y_mm > 30))
    lesions = choose(PERSON, 0, 100, small)
    assert 0 < (kind_of(lesions.stage) == 0).sum() < 100


def test_other_people_and_seeds_get_other_lesions():
    one = looks(choose(PERSON, 0, 20, ANYWHERE))
    assert one == looks(choose(PERSON, 0, 20, ANYWHERE))
    assert one.isdisjoint(looks(choose(PERSON, 1, 20, ANYWHERE)))
    assert one.isdisjoint(looks(choose(Person("another", 40.0), 0, 20, ANYWHERE)))


def test_skin_type_of_an_angle():
    assert [Person("p", ita).fitzpatrick for ita in (57, 45, 35, 20, 0, -45)] == [1, 2, 3, 4, 5, 6]
