import numpy as np
import pytest
from scipy.spatial import cKDTree

from nof1sim import chart
from nof1sim.conditions.acne import sites


@pytest.fixture(scope="module")
def drawn(make):
    return sites.draw_sites(make["someone"](), 0)


def test_sites_keep_their_distance_and_stay_on_the_skin(drawn):
    x, y, region = sites.pattern()
    assert len(drawn) == sites.SITES >= 1500
    nearest = cKDTree(np.c_[x, y]).query(np.c_[x, y], 2)[0][:, 1]
    assert nearest.min() >= 0.97 * sites.HARD_CORE_MM
    own = cKDTree(np.c_[drawn.x_mm, drawn.y_mm]).query(np.c_[drawn.x_mm, drawn.y_mm], 2)[0][:, 1]
    assert own.min() >= sites.HARD_CORE_MM - 0.1 - 2 * sites.JITTER_MM
    assert (drawn.region >= 0).all()
    assert np.array_equal(drawn.region, chart.region_of(drawn.x_mm, drawn.y_mm))
    assert not chart.excluded(drawn.x_mm, drawn.y_mm).any()
    assert set(np.unique(region)) == set(range(len(chart.REGIONS)))


def test_same_address_same_sites_and_another_patient_others(make, drawn):
    again = sites.draw_sites(make["someone"](), 0)
    assert np.array_equal(again.x_mm, drawn.x_mm)
    assert np.array_equal(again.propensity, drawn.propensity)
    for patient, seed in ((make["someone"](1), 0), (make["someone"](), 1)):
        assert not np.array_equal(sites.draw_sites(patient, seed).propensity, drawn.propensity)


def test_adult_women_shift_from_forehead_to_chin(make):
    young, woman = make["someone"](sex="F", age_years=18.0), make["someone"](sex="F", age_years=30.0)
    before, after = sites.region_shares(young), sites.region_shares(woman)
    shift = dict(zip(chart.REGIONS, after - before, strict=True))
    assert shift["forehead"] == pytest.approx(-0.1)
    assert shift["chin"] == pytest.approx(0.1)
    assert after.sum() == pytest.approx(1.0)


def test_propensity_is_clustered_and_mirrored(make):
    """Neighbours and mirror images resemble each other; a shuffled face does not."""
    mirrored, near, shuffled = [], [], []
    rng = np.random.Generator(np.random.PCG64(0))
    x, y, region = sites.pattern()
    image = cKDTree(np.c_[x, y]).query(np.c_[-x, y])[1]
    neighbour = cKDTree(np.c_[x, y]).query(np.c_[x, y], 2)[1][:, 1]
    cheek = np.isin(region, [1, 2])
    for rank in range(60):
        log = np.log(sites.draw_sites(make["someone"](rank), 0).propensity)
        mirrored.append(np.corrcoef(log[cheek], log[image][cheek])[0, 1])
        near.append(np.corrcoef(log[cheek], log[neighbour][cheek])[0, 1])
        shuffled.append(np.corrcoef(log[cheek], rng.permutation(log[cheek]))[0, 1])
    assert np.mean(near) > np.mean(mirrored) > 0.03
    assert abs(np.mean(shuffled)) < 0.02


def test_births_fall_by_region_as_stated(make):
    condition = make["acne"](marks="off")
    tally, comedones = np.zeros(6), np.zeros(6)
    for rank in range(60):
        lesion = condition.field(make["someone"](rank), make["free"](100), 0).columns
        inflamed = (lesion["kind"] >= 2) & (lesion["birth_day"] > 1)
        tally += np.bincount(lesion["region"][inflamed], minlength=6)
        comedones += np.bincount(lesion["region"][lesion["kind"] < 2], minlength=6)
    wanted = np.array([sites.SHARES[name] for name in chart.REGIONS])
    assert np.abs(tally / tally.sum() - wanted).max() < 0.03
    more = (comedones / comedones.sum()) / (tally / tally.sum())
    assert more[chart.REGIONS.index("nose")] > 1.2
    assert more[chart.REGIONS.index("forehead")] > 1.1
    assert more[1] < 1 > more[2]
