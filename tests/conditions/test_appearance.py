import numpy as np
import pytest

from nof1sim.conditions.acne import shape
from nof1sim.model import COMEDONES, INFLAMMATORY, MARKS, STAGES

NAMES = np.array(STAGES)


@pytest.fixture(scope="module", params=["fast", "realistic", "off"])
def course(request, make, path):
    condition = make["acne"](marks=request.param)
    field = condition.field(make["someone"](fitzpatrick=4), make["given"](path), 0)
    return condition, field, condition.lesion_days(field)


def test_one_day_is_a_slice_of_all_days(course):
    condition, field, days = course
    for day in (1, 2, 19, 20, 21, 55, 90):
        lesions, chosen = condition.on(field, day), days["day"] == day
        assert chosen.sum() == len(lesions) > 0
        for name in lesions.__dataclass_fields__:
            assert np.array_equal(getattr(lesions, name), days[name][chosen]), name


def test_days_outside_the_study_are_refused(course):
    condition, field, _ = course
    for day in (0, 91):
        with pytest.raises(ValueError, match="1 to 90"):
            condition.on(field, day)


def test_counted_lesions_are_visible_and_large_enough(course):
    _, _, days = course
    counted, stage = days["counted"], NAMES[days["stage"]]
    assert days["visible"][counted].all()
    assert (days["diameter_mm"][counted] >= 1.0).all()
    inflamed = counted & np.isin(stage, INFLAMMATORY)
    assert (days["erythema"][inflamed] >= shape.FLOOR_REDNESS).all()
    assert (days["height_mm"][inflamed] >= shape.FLOOR_HEIGHT_MM - 1e-12).all()
    assert np.array_equal(counted, np.isin(stage, (*INFLAMMATORY, *COMEDONES)))
    assert "microcomedone" not in set(stage)


def test_every_number_keeps_its_range(course):
    _, _, days = course
    stage = NAMES[days["stage"]]
    for name in ("erythema", "melanin", "pus", "plug", "crust"):
        assert (days[name] >= 0).all(), name
        assert (days[name] <= 1).all(), name
    limits = {"papule": 5.0, "pustule": 5.0, "nodule": 15.5, "closed_comedone": 3.0, "open_comedone": 3.0}
    limits |= {"erythema": 6.0, "hyperpigmentation": 6.0, "scar": 4.0, "crust": 5.0}
    _, field, _ = course
    healed = days["day"] - field.columns["last_counted_day"][days["lesion_id"] - 1]
    settled = (healed <= 0) | (healed > shape.NODULE_REMNANT_DAYS)  # else it still has something of the lesion's size
    for name in set(stage) - {"resolving"}:
        assert days["diameter_mm"][settled & (stage == name)].max(initial=0) <= limits[name], name
    assert (days["diameter_mm"][stage == "nodule"] > 5.0).all()
    unscarred = (field.columns["scar"] == 0)[days["lesion_id"] - 1]
    marks = settled & np.isin(stage, ["erythema", "hyperpigmentation"])
    assert (days["diameter_mm"][marks & unscarred] >= 1.6).all()
    assert (days["diameter_mm"][marks] >= 1.0).all()
    assert (days["height_mm"][settled & (stage == "scar")] < 0).all()
    assert (days["pus"][stage == "pustule"] > 0.5).all()
    assert (days["plug"][stage == "open_comedone"] > 0.15).all()
    assert (days["shape"] >= 0).all()
    assert (days["shape"] < 2**31).all()


def test_marks_are_drawn_as_asked(course):
    condition, _, days = course
    marks = np.isin(NAMES[days["stage"]], MARKS)
    assert marks.any() == (condition.options.marks != "off")
    assert not days["counted"][marks].any()


def test_looks_change_little_from_day_to_day(course):
    """While a lesion counts: size, redness, relief without jumps; its place and outline not at all."""
    _, field, days = course
    order = np.lexsort((days["day"], days["lesion_id"]))
    table = {name: value[order] for name, value in days.items()}
    follows = (np.diff(table["lesion_id"]) == 0) & (np.diff(table["day"]) == 1)
    for name in ("x_mm", "y_mm", "shape"):
        same = np.diff(table["lesion_id"]) == 0
        assert not np.diff(table[name])[same].any(), name
    both = follows & table["counted"][1:] & table["counted"][:-1]
    peak = field.columns["peak_diameter_mm"][table["lesion_id"][1:] - 1]
    step = np.abs(np.diff(table["diameter_mm"]))
    assert (step <= 0.15 + 0.5 * (peak - 1.0))[both].all()
    assert step[both].mean() < 0.35
    fading = follows & ~table["counted"][1:] & ~table["counted"][:-1]
    if fading.any():
        assert np.diff(table["erythema"])[fading].max() <= 1e-12, "a mark never reddens again"


def steps(table):
    """Daily changes of every number while a lesion goes on, whatever its stage; and those rows' days after healing."""
    order = np.lexsort((table["day"], table["lesion_id"]))
    follows = (np.diff(table["lesion_id"][order]) == 0) & (np.diff(table["day"][order]) == 1)
    return {name: np.abs(np.diff(table[name][order]))[follows] for name in NUMBERS}, order[1:][follows]


NUMBERS = ("diameter_mm", "height_mm", "erythema", "melanin", "pus", "plug", "crust")


def test_no_number_jumps_where_the_stage_changes(course):
    """The greatest daily change of each number, over stage changes and all else."""
    _, field, days = course
    step, later = steps(days)
    small = (field.columns["kind"] != 4)[days["lesion_id"][later] - 1]
    limits = {"height_mm": 0.65, "erythema": 0.32, "melanin": 0.15, "pus": 0.45, "plug": 0.28, "crust": 0.35}
    for name, limit in limits.items():
        assert step[name][small].max() < limit, name
    assert step["diameter_mm"][small].max() < 1.5
    assert step["diameter_mm"].max() < 3.0
    assert step["height_mm"].max() < 0.8


def test_what_is_left_of_a_lesion_dies_away(course):
    """After its last counted day a lesion is drawn on, fainter every day, unless a new one takes its place."""
    condition, field, days = course
    table = field.columns
    last = table["last_counted_day"]
    gone = (table["ending"] != 0) & (table["ending"] != 3) & (last >= 1) & (last < field.days)
    gone &= (table["superseded_day"] == 0) | (table["superseded_day"] > last + 1)
    on = set(zip(days["lesion_id"].tolist(), days["day"].tolist(), strict=True))
    first = list(zip(table["lesion_id"][gone].tolist(), (last[gone] + 1).tolist(), strict=True))
    assert np.mean([entry in on for entry in first]) == 1.0
    final = days["day"] == table["end_day"][days["lesion_id"] - 1]
    final &= (table["end_day"] < field.days)[days["lesion_id"] - 1]
    final &= (table["superseded_day"] == 0)[days["lesion_id"] - 1] & (table["ending"] != 3)[days["lesion_id"] - 1]
    faint = 0.2 if condition.options.marks == "fast" else 0.12  # a fast mark's name follows the count, and drawing it
    for name, limit in {"erythema": faint, "pus": 0.05, "crust": 0.25, "plug": 0.2}.items():
        assert days[name][final].max() < limit, name
    resolving = NAMES[days["stage"]] == "resolving"
    assert resolving.any()
    assert not days["counted"][resolving].any()
    assert days["visible"][resolving].all()
    after = days["day"] - last[days["lesion_id"] - 1]
    assert (after[resolving] >= 1).all()
    assert (after[resolving] <= 60).all()


def test_a_lesion_takes_over_from_what_it_started_in(make):
    """An inflamed comedone keeps its size and its plug on the first day, and only reddens as far as counting asks."""
    condition = make["acne"](marks="realistic", scars=False)
    field = condition.field(make["someone"](fitzpatrick=4), make["free"](60, 60.0), 0)
    table, days = field.columns, condition.lesion_days(field)
    entry = {(i, d): k for k, (i, d) in enumerate(zip(days["lesion_id"].tolist(), days["day"].tolist(), strict=True))}
    heirs = np.flatnonzero((table["parent_id"] > 0) & (table["birth_day"] >= 2))
    pairs = [
        (entry[table["parent_id"][i], table["birth_day"][i] - 1], entry[i + 1, table["birth_day"][i]])
        for i in heirs
        if (table["parent_id"][i], table["birth_day"][i] - 1) in entry
    ]
    before, after = np.array(pairs).T
    assert before.size > 100
    change = {name: np.abs(days[name][after] - days[name][before]) for name in NUMBERS}
    assert change["diameter_mm"].max() < 1.3
    assert change["height_mm"].max() < 0.3
    assert change["erythema"].max() < 0.25
    assert change["plug"].max() < 0.3
    assert change["melanin"].max() < 0.2


def test_a_longer_trial_keeps_the_looks_of_its_first_days(make, path):
    condition = make["acne"](marks="realistic")
    person = make["someone"](fitzpatrick=4)
    short, whole = (condition.field(person, make["given"](path[:n]), 0) for n in (25, 90))
    for day in (1, 12, 20, 24, 25):
        a, b = condition.on(short, day), condition.on(whole, day)
        for name in (*NUMBERS, "stage", "lesion_id"):
            assert np.array_equal(getattr(a, name), getattr(b, name)), (day, name)


def test_a_lesion_grows_stands_and_shrinks(make):
    condition = make["acne"](marks="off")
    field = condition.field(make["someone"](), make["free"](120, 60.0), 0)
    table, days = field.columns, condition.lesion_days(field)
    whole = (table["kind"] == 2) & (table["birth_day"] >= 1) & (table["ending"] == 1) & (table["planned_days"] >= 8)
    whole &= table["parent_id"] == 0  # others begin as wide as what they started in
    assert whole.sum() > 40
    for lesion in table["lesion_id"][whole][:100]:
        size = days["diameter_mm"][days["counted"] & (days["lesion_id"] == lesion)]
        top = size.argmax()
        assert 0 < top < size.size - 1
        assert (np.diff(size[: top + 1]) > 0).all()
        assert (np.diff(size[top:]) < 0).all()
        assert size.max() > 0.85 * table["peak_diameter_mm"][lesion - 1]


def test_fast_marks_follow_the_severity_and_real_ones_stay(make):
    path = np.r_[np.full(30, 2.8), np.linspace(2.8, 0.2, 8), np.full(30, 0.2)]
    red = {}
    for marks in ("fast", "realistic"):
        condition = make["acne"](marks=marks)
        amount = np.zeros(path.size)
        for rank in range(6):
            days = condition.lesion_days(condition.field(make["someone"](rank, 2), make["given"](path), 0))
            stage = NAMES[days["stage"]] == "erythema"
            amount += np.bincount(days["day"][stage] - 1, days["erythema"][stage], path.size)
        red[marks] = amount / 6
    assert red["fast"][25] > 5.0
    assert red["fast"][45] < 0.08 * red["fast"][25]
    assert red["realistic"][45] > 0.3 * red["realistic"][25]


def test_marks_option_moves_no_lesion(make, path):
    fields = [
        make["acne"](marks=m).field(make["someone"](), make["given"](path), 0) for m in ("fast", "realistic", "off")
    ]
    for name in ("site", "birth_day", "last_counted_day", "kind", "origin"):
        assert np.array_equal(fields[0].columns[name], fields[1].columns[name])
        assert np.array_equal(fields[0].columns[name], fields[2].columns[name])
