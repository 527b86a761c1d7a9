import numpy as np
import pytest

from nof1sim import chart
from nof1sim.conditions.acne import count_map, scores
from nof1sim.model import COMEDONES, INFLAMMATORY, STAGE_CODE, STAGES

NAMES = np.array(STAGES)
NUMBERS = (
    "n_inflammatory", "n_noninflammatory", "n_papule", "n_pustule", "n_nodule", "n_left", "n_right", "n_erythema",
    "n_hyperpigmentation", "n_scar", "hayashi", "hayashi_left", "hayashi_right", "hayashi_worse", "clear", "iga",
    "gags_face", "gea", "severity_lesions",
)  # fmt: skip


@pytest.fixture(scope="module")
def course(make, path):
    condition = make["acne"](marks="realistic")
    field = condition.field(make["someone"](fitzpatrick=4), make["given"](path), 0)
    return condition, field, condition.lesion_days(field), condition.scores(field)


def table(stages, places=None):
    """Tables of one day: lesions of the given stages at chart points."""
    n = len(stages)
    points = np.array(places or [(20.0, -30.0)] * n, float).reshape(n, 2)
    region = chart.region_of(points[:, 0], points[:, 1])
    lesions = {"lesion_id": np.arange(1, n + 1), "x_mm": points[:, 0], "y_mm": points[:, 1], "region": region}
    counted = np.isin(np.array(stages, str), (*INFLAMMATORY, *COMEDONES))
    days = {"day": np.ones(n, int), "lesion_id": np.arange(1, n + 1), "stage": np.array(stages, str).astype(str)}
    return lesions, days | {"counted": counted, "visible": np.ones(n, bool)}


def score(stages, places=None, rule="nof1sim-1"):
    result = scores.scores_of_tables(*table(stages, places), 1, iga_rule=rule, counts=count_map("hayashi"))
    return {name: value[0].item() for name, value in result.items()}


def test_all_scores_are_there_for_every_day(course):
    _, field, _, result = course
    assert set(result) == set(NUMBERS)
    assert all(value.shape == (field.days,) for value in result.values())


def test_scores_from_saved_tables_are_the_same(course, make):
    condition, field, days, result = course
    named = condition.named(field)
    shuffled = np.random.Generator(np.random.PCG64(0)).permutation(days["day"].size)
    saved = {name: days[name][shuffled] for name in ("day", "lesion_id", "visible", "counted")}
    saved["stage"] = NAMES[days["stage"]][shuffled]
    turned = {name: named[name][::-1] for name in ("lesion_id", "x_mm", "y_mm", "region")}
    for name, value in condition.scores_of_tables(turned, saved, field.days).items():
        assert np.array_equal(value, result[name]), name


def test_a_day_of_an_unknown_lesion_is_an_error():
    lesions, days = table(["papule", "papule"])
    with pytest.raises(KeyError):
        scores.scores_of_tables(
            {k: v[:1] for k, v in lesions.items()}, days, 1, iga_rule="strict", counts=count_map("hayashi")
        )


def test_tallies_agree_with_a_plain_count(course):
    _, _field, days, result = course
    stage = NAMES[days["stage"]]
    for day in (1, 30, 90):
        today = days["day"] == day
        inflamed = today & np.isin(stage, INFLAMMATORY)
        assert result["n_inflammatory"][day - 1] == inflamed.sum()
        assert result["n_left"][day - 1] == (inflamed & (days["x_mm"] > 0)).sum()
        assert result["n_noninflammatory"][day - 1] == (today & np.isin(stage, COMEDONES)).sum()
        assert result["n_scar"][day - 1] == (today & (stage == "scar")).sum()
    assert np.array_equal(result["n_left"] + result["n_right"], result["n_inflammatory"])
    assert np.array_equal(result["n_papule"] + result["n_pustule"] + result["n_nodule"], result["n_inflammatory"])


def test_region_tallies_add_up_to_the_whole(course):
    condition, field, _days, result = course
    lesions = condition.on(field, 10)
    inflamed = np.isin(NAMES[lesions.stage], INFLAMMATORY)
    region = chart.region_of(lesions.x_mm, lesions.y_mm)
    assert np.bincount(region[inflamed], minlength=6).sum() == result["n_inflammatory"][9]
    assert np.array_equal(region, field.columns["region"][lesions.lesion_id - 1])


def test_nobody_is_clear_and_a_face_with_marks_only_is():
    empty = score([])
    assert empty["clear"]
    assert (empty["iga"], empty["gea"], empty["gags_face"], empty["hayashi"], empty["severity_lesions"]) == (0,) * 5
    marked = score(["erythema", "hyperpigmentation", "scar"])
    assert marked["clear"]
    assert (marked["iga"], marked["gea"], marked["gags_face"]) == (0, 0, 0)
    assert (marked["n_erythema"], marked["n_hyperpigmentation"], marked["n_scar"]) == (1, 1, 1)
    assert not score(["closed_comedone"])["clear"]
    assert score(["open_comedone"])["gea"] == 1


@pytest.mark.parametrize(
    ("lesions", "nodules", "rule", "grade"),
    [
        (0, 0, "nof1sim-1", 0), (1, 0, "nof1sim-1", 1), (7, 0, "nof1sim-1", 1), (8, 0, "nof1sim-1", 2),
        (19, 0, "nof1sim-1", 2), (20, 0, "nof1sim-1", 3), (49, 0, "nof1sim-1", 3), (50, 0, "nof1sim-1", 4),
        (5, 1, "nof1sim-1", 3), (5, 2, "nof1sim-1", 3), (5, 3, "nof1sim-1", 4),
        (1, 0, "strict", 1), (2, 0, "strict", 2), (20, 0, "strict", 3),
    ],
)  # fmt: skip
def test_iga(lesions, nodules, rule, grade):
    stages = ["nodule"] * nodules + ["papule"] * (lesions - nodules)
    assert score(stages, rule=rule)["iga"] == grade


@pytest.mark.parametrize(("lesions", "grade"), [(0, 0), (10, 0), (11, 1), (40, 1), (41, 2), (100, 2), (101, 3)])
def test_hayashi_takes_half_of_the_face_rounded_up(lesions, grade):
    result = score(["papule"] * lesions)
    assert result["hayashi"] == grade
    assert result["hayashi_worse"] == result["hayashi_left"] >= result["hayashi"]


def test_gags_is_factor_times_worst_grade():
    forehead, nose, chin, mouth = (0.0, 45.0), (0.0, -20.0), (0.0, -92.0), (30.0, -60.0)
    right = (-50.0, -30.0)
    names = [
        chart.REGIONS[int(chart.region_of(np.array([x]), np.array([y]))[0])]
        for x, y in (forehead, nose, chin, mouth, right)
    ]
    assert names == ["forehead", "nose", "chin", "perioral", "right_cheek"]
    stages = ["closed_comedone", "papule", "pustule", "nodule", "pustule", "papule"]
    places = [forehead, nose, chin, mouth, right, right]
    assert score(stages, places)["gags_face"] == 2 * 1 + 1 * 2 + 1 * 4 + 2 * 3
    worst = score(["nodule"] * 6, [forehead, nose, chin, mouth, right, (50.0, -30.0)])
    assert worst["gags_face"] == 32


def test_gea_needs_extent_and_nodules():
    spread = [
        (-20.0, 45.0),
        (20.0, 45.0),
        (-50.0, -20.0),
        (-50.0, -60.0),
        (50.0, -20.0),
        (50.0, -60.0),
        (0.0, -20.0),
        (0.0, -92.0),
    ]
    assert score(["papule"] * 3)["gea"] == 1
    assert score(["papule"] * 10)["gea"] == 2
    assert score(["papule"] * 24)["gea"] == 2, "many, but in one place"
    assert score(["papule"] * 24, spread * 3)["gea"] == 3
    assert score(["papule"] * 56, spread * 7)["gea"] == 4
    assert score(["papule"] * 52 + ["nodule"] * 4, spread * 7)["gea"] == 5


def test_every_stage_is_tallied_once():
    for name in STAGES:
        result = score([name])
        tallied = sum(result[n] for n in NUMBERS[:5] if n != "n_inflammatory") + sum(result[n] for n in NUMBERS[7:10])
        assert tallied == (name not in ("microcomedone", "resolving")), name
    assert scores.STAGE_TALLY.size == len(STAGE_CODE)


def test_rater_cuts_are_the_rules(make):
    assert make["acne"]().grade_cuts == (0.5, 7.5, 19.5, 49.5)
    assert make["acne"](iga_rule="strict").grade_cuts[1] == 1.5
