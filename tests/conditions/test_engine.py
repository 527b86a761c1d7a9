import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1sim import chart
from nof1sim.conditions.acne import count_map
from nof1sim.conditions.acne.life import FORCED, GOING_ON, KINDS, NATURAL, ORIGINS
from nof1sim.model import Drive

INFLAMED = KINDS.index("papule")
COUNTS = count_map("hayashi")
GOLDEN = [0.4495817969585215, 0.8187535194724119, 0.07162360485912689, 0.9846479363816819]


def counted(field):
    """Inflammatory lesions per day from the table, (days,)."""
    table, day = field.columns, np.arange(1, field.days + 1)[:, None]
    alive = (table["birth_day"] <= day) & (day <= table["last_counted_day"]) & (table["kind"] >= INFLAMED)
    return alive.sum(axis=1)


def check_lives(field):
    """What holds on every field: one lesion a site, refractory sites, sane days."""
    table = field.columns
    order = np.lexsort((table["birth_day"], table["site"]))
    site, birth, last = (table[name][order] for name in ("site", "birth_day", "last_counted_day"))
    inflamed = table["kind"][order] >= INFLAMED
    follows = site[1:] == site[:-1]
    assert (last >= birth).all()
    assert (last <= field.days).all()
    assert (birth[1:] > last[:-1])[follows].all(), "two lesions on one site"
    pause = (birth[1:] - last[:-1] - 1)[follows & inflamed[:-1]]
    assert (pause >= 14).all(), "a site did not rest"
    drawn = table["end_day"][order]
    assert (drawn[:-1] < birth[1:])[follows].all(), "a mark outlives the next lesion's birth"
    assert len(set(table["lesion_id"].tolist())) == table["lesion_id"].size
    going_on = table["ending"] == GOING_ON
    assert (table["last_counted_day"][going_on] == field.days).all()
    natural = (table["ending"] == NATURAL) & (table["birth_day"] >= 1)
    lived = table["last_counted_day"] - table["birth_day"] + 1
    assert (lived[natural] >= table["planned_days"][natural]).all()
    assert (lived[natural] <= table["planned_days"][natural] + 3).all(), "held for more than 3 days"
    assert (lived <= table["planned_days"] + 3)[table["ending"] == FORCED].all()


def test_seed_trial_is_followed_exactly(make, seed_rows, seed_fields):
    condition = make["acne"](marks="fast", scars=False)
    days = 0
    for path, field in zip(seed_rows, seed_fields, strict=True):
        score = condition.scores(field)
        assert not field.lost.any()
        assert np.array_equal(score["n_inflammatory"], COUNTS.targets(path))
        assert np.abs(score["severity_lesions"] - path).max() <= 0.04
        assert np.array_equal(score["hayashi"], np.rint(path))
        check_lives(field)
        days += path.size
    assert days == 1400


def test_nodules_are_rare_and_absent_when_mild(make, seed_rows, seed_fields):
    condition = make["acne"](marks="fast", scars=False)
    kinds = np.zeros((2, 3))
    for path, field in zip(seed_rows, seed_fields, strict=True):
        score = condition.scores(field)
        three = np.stack([score["n_papule"], score["n_pustule"], score["n_nodule"]])
        kinds += np.stack([three[:, path > 2].sum(axis=1), three[:, path < 1].sum(axis=1)])
    severe, mild = kinds / kinds.sum(axis=1, keepdims=True)
    assert severe == pytest.approx([0.83, 0.14, 0.03], abs=0.02)
    assert mild == pytest.approx([0.85, 0.15, 0.0], abs=0.03)


LEVELS = st.floats(0, 3, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.lists(st.one_of(LEVELS, st.sampled_from([0.0, 0.5, 1.5, 2.5, 3.0])), min_size=1, max_size=60),
    seed=st.integers(0, 2**62),
    ratio=st.floats(0, 6),
)
def test_any_path_is_followed_or_the_loss_recorded(make, path, seed, ratio):
    field = make["acne"]().field(make["someone"](), make["given"](path, ratio), seed)
    target = COUNTS.targets(np.array(path))
    assert np.array_equal(counted(field) + field.lost, target)
    check_lives(field)
    condition = make["acne"]()
    score, days = condition.scores(field), condition.lesion_days(field)
    assert np.array_equal(score["n_inflammatory"] + field.lost, target)
    assert np.array_equal(score["n_left"] + score["n_right"], score["n_inflammatory"])
    assert (days["diameter_mm"][days["counted"]] >= 1.0).all()
    assert days["visible"].all()
    again = condition.scores_of_tables(field.columns, days, field.days)
    assert all(np.array_equal(score[name], again[name]) for name in score)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rates=st.lists(st.floats(-6, 2), min_size=1, max_size=50),
    count=st.floats(0, 200),
    seed=st.integers(0, 2**62),
    marks=st.sampled_from(["fast", "realistic", "off"]),
)
def test_any_birth_rate_gives_sound_lives(make, rates, count, seed, marks):
    rate = np.array(rates)
    field = make["acne"](marks=marks).field(make["someone"](), Drive(None, rate, rate, count, 1.5, rate.size), seed)
    check_lives(field)
    assert not (field.columns["ending"][field.columns["kind"] >= INFLAMED] == FORCED).any()
    assert count > 0 or not counted(field).any()


def test_a_severity_off_the_scale_is_the_end_of_the_scale(make):
    field = make["acne"]().field(make["someone"](), make["given"]([7.0, -1.0, 3.0]), 0)
    assert counted(field).tolist() == [140, 0, 140]


def test_the_iga_map_is_followed_too(make):
    condition, path = make["acne"](count_map="iga"), np.linspace(4.0, 0.0, 50)
    field = condition.field(make["someone"](), make["given"](path), 0)
    score = condition.scores(field)
    assert np.array_equal(score["n_inflammatory"], count_map("iga").targets(path))
    assert (score["iga"] >= np.rint(path)).all(), "nodules may raise the grade, nothing lowers it"


def test_random_numbers_belong_to_addresses():
    """Changed values here mean that every simulated lesion changes: say so in the changelog."""
    from nof1sim.conditions.acne import hashing

    key = np.uint64(1234567890123456789)
    values = [hashing.u01(key, *address) for address in ((1, 0, 1), (-5, 0, 1), (1, 7, 1), (1, 0, 2))]
    assert values == GOLDEN
    many = np.array([hashing.u01(key, d, s, 6) for d in range(100) for s in range(100)])
    assert many.mean() == pytest.approx(0.5, abs=0.01)
    assert np.histogram(many, 10, (0, 1))[0].min() > 900
    assert abs(np.corrcoef(many[:-1], many[1:])[0, 1]) < 0.03
    assert abs(np.corrcoef(many[:-100], many[100:])[0, 1]) < 0.03
    counts = np.array([hashing.poisson(u, 3.5) for u in many])
    assert (counts.mean(), counts.var()) == pytest.approx((3.5, 3.5), rel=0.05)


def test_jumps_between_clear_and_worst_lose_nothing(make):
    path = np.tile([0.0, 3.0, 3.0, 0.0], 20)
    field = make["acne"]().field(make["someone"](), make["given"](path), 1)
    assert np.array_equal(counted(field) + field.lost, np.where(path > 0, 140, 0))
    assert field.lost.sum() <= 0.02 * 140 * 40
    check_lives(field)


def test_missing_severities_are_bridged(make):
    path = np.array([2.0, np.nan, np.nan, 1.0])
    field = make["acne"]().field(make["someone"](), make["given"](path), 0)
    assert counted(field).tolist() == COUNTS.targets(np.array([2.0, 2.0, 2.0, 1.0])).tolist()


@pytest.mark.parametrize("kind", ["given", "free"])
@pytest.mark.parametrize("marks", ["fast", "realistic", "off"])
def test_a_longer_trial_keeps_its_first_days(make, path, kind, marks):
    condition, patient = make["acne"](marks=marks), make["someone"](fitzpatrick=5)
    long, short = (
        condition.field(patient, make["given"](path[:days]) if kind == "given" else make["free"](days), 3)
        for days in (90, 41)
    )
    for name, value in condition.scores(short).items():
        assert np.array_equal(value, condition.scores(long)[name][:41]), name
    for day in (1, 7, 40, 41):
        one, other = condition.on(short, day), condition.on(long, day)
        for name in one.__dataclass_fields__:
            assert np.array_equal(getattr(one, name), getattr(other, name)), (day, name)


def test_twins_share_sites_and_numbers(make, path):
    condition, patient = make["acne"](marks="off"), make["someone"]()
    better = np.where(np.arange(90) < 30, path, np.maximum(path - 0.5, 0.0))
    one, twin = (condition.field(patient, make["given"](p), 3) for p in (path, better))
    place = {int(s): (x, y) for s, x, y in zip(*(one.columns[n] for n in ("site", "x_mm", "y_mm")), strict=True)}
    for s, x, y in zip(*(twin.columns[n] for n in ("site", "x_mm", "y_mm")), strict=True):
        assert place.get(int(s), (x, y)) == (x, y)
    early = [{k: v[f.columns["birth_day"] <= 30] for k, v in f.columns.items()} for f in (one, twin)]
    for name in ("site", "birth_day", "planned_days", "peak_diameter_mm", "shape"):
        assert np.array_equal(early[0][name], early[1][name])
    late = [
        set(f.columns["site"][(f.columns["birth_day"] > 30) & (f.columns["kind"] >= INFLAMED)]) for f in (one, twin)
    ]
    assert len(late[0] & late[1]) > 0.6 * len(late[1]), "a better twin's lesions are mostly the other's"


def test_nothing_depends_on_who_came_before(make, path):
    condition = make["acne"]()
    people = [make["someone"](rank) for rank in range(4)]
    forwards = [condition.field(p, make["given"](path), 0) for p in people]
    backwards = [make["acne"]().field(p, make["given"](path), 0) for p in people[::-1]][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        for name, column in one.columns.items():
            assert np.array_equal(column, other.columns[name]), name
    assert not np.array_equal(forwards[0].columns["site"][:50], forwards[1].columns["site"][:50])


def test_nothing_given_is_changed(make, path):
    drive, before = make["given"](path), path.copy()
    condition = make["acne"](fidelity="smooth")
    field = condition.field(make["someone"](), drive, 0)
    columns = {name: column.copy() for name, column in field.columns.items()}
    condition.on(field, 5)
    condition.scores(field)
    assert np.array_equal(drive.severity, before)
    assert all(np.array_equal(column, field.columns[name]) for name, column in columns.items())


def test_free_births_keep_their_level_and_follow_the_rate(make):
    condition = make["acne"](marks="off")
    rest, treated = np.zeros(2), np.zeros(2)
    for rank in range(80):
        person = make["someone"](rank)
        log_rate = np.where(np.arange(140) < 60, 0.0, -1.0)
        for drive, sums in ((make["free"](140), rest), (make["free"](140), treated)):
            if sums is treated:
                drive = type(drive)(None, log_rate, log_rate, 27.0, 1.5, 140)
            field = condition.field(person, drive, 0)
            score = condition.scores(field)
            sums += [score["n_inflammatory"][[0, 30, 59] if sums is rest else slice(120, None)].mean(), 0]
            sums[1] += score["n_noninflammatory"][[0, 60, 139] if sums is rest else slice(120, None)].mean()
            assert not (field.columns["ending"][field.columns["kind"] >= INFLAMED] == FORCED).any()
    assert rest / 80 == pytest.approx([27.0, 40.5], rel=0.05)
    assert treated[0] / 80 == pytest.approx(27.0 * np.exp(-1.0), rel=0.08)
    assert treated[1] / 80 < 0.6 * 40.5


def test_origins_are_true(make):
    """A lesion with an origin stands where that origin was, up to the day before."""
    field = make["acne"](marks="realistic").field(make["someone"](fitzpatrick=4), make["free"](200, 60.0), 0)
    table = field.columns
    parent = np.where(table["parent_id"] > 0, table["parent_id"] - 1, -1)
    started = np.flatnonzero((table["kind"] >= INFLAMED) & (table["birth_day"] >= 1))
    names = np.array(ORIGINS)[table["origin"][started]]
    assert set(names) == {"comedone", "normal", "macule", "scar"}
    for lesion, name in zip(started, names, strict=True):
        before = parent[lesion]
        if name == "normal":
            assert before == -1
            continue
        assert table["site"][before] == table["site"][lesion]
        if name == "comedone":
            assert table["kind"][before] < INFLAMED
            assert table["last_counted_day"][before] == table["birth_day"][lesion] - 1
        else:
            healed = table["last_counted_day"][before] + 1
            macule = table["pie_days"][before] + table["pih_days"][before]
            age = table["birth_day"][lesion] - healed
            assert (age < macule) == (name == "macule")
            assert name == "macule" or table["scar"][before] > 0


def test_without_comedones_there_are_none_and_origins_fall_back(make):
    field = make["acne"](comedones=False, scars=False).field(make["someone"](), make["free"](60), 0)
    assert (field.columns["kind"] >= INFLAMED).all()
    assert not (field.columns["origin"] == ORIGINS.index("comedone")).any()
    assert not field.lost.any()


def test_no_lesion_begins_beneath_another(make):
    condition = make["acne"](marks="off")
    close, births = 0, 0
    for rank in range(5):
        table = condition.field(make["someone"](rank), make["free"](100, 60.0), 0).columns
        inflamed = table["kind"] >= INFLAMED
        x, y = table["x_mm"], table["y_mm"]
        for lesion in np.flatnonzero(inflamed & (table["birth_day"] >= 1)):
            day = table["birth_day"][lesion]
            there = inflamed & (table["birth_day"] < day) & (table["last_counted_day"] >= day)
            gap = np.hypot(x[there] - x[lesion], y[there] - y[lesion]) - table["peak_diameter_mm"][there] / 2
            close += (gap < 0.5).sum()
            births += 1
    assert births > 2000
    assert close == 0


def test_nodules_keep_away_from_lids_lips_and_edges(make):
    condition, found = make["acne"](marks="off"), 0
    for rank in range(5):
        table = condition.field(make["someone"](rank), make["given"](np.full(60, 2.8)), 0).columns
        nodule = table["kind"] == KINDS.index("nodule")
        found += nodule.sum()
        for angle in np.arange(8) * np.pi / 4:
            x, y = (table[n][nodule] + 5.0 * f(angle) for n, f in (("x_mm", np.cos), ("y_mm", np.sin)))
            assert (chart.region_of(x, y) >= 0).all()
    assert found > 20


def test_importing_acne_loads_no_compiler():
    code = "import sys, nof1sim.conditions.acne; sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
