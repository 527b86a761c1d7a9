"""The figures of quality say what is wrong when something is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from nof1sim.model import Render, Unit, View
from nof1sim.randomness import stream
from nof1sim.render.base import Renderer
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.quality import Quality, Spread, is_probed, persistence, probe
from nof1sim.simulation.worker import plain

from .conftest import small_protocol


@pytest.fixture
def dots() -> Renderer:
    from nof1sim_test_renderers import Dots

    return Dots()


class Leaky:
    """Lesions redden all the face a little."""

    repeatable = "bitwise"

    def __init__(self, renderer: Renderer) -> None:
        self.inner = renderer

    def render(self, views: Sequence[View]) -> list[Render]:
        drawn = self.inner.render(views)
        return [replace(r, pixels=r.pixels + np.uint8(2 * bool(r.lesion.any()))) for r in drawn]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(small_protocol(design={"end_day": 9}))


PROBED = Unit(0, 4)


def test_two_days_of_a_patient_are_probed() -> None:
    assert [day for day in range(1, 10) if is_probed(Unit(0, day), 9)] == [4, 7]
    assert not is_probed(Unit(0, 4, 2), 9)


def test_a_renderer_that_keeps_to_the_support_differs_by_nothing(plan: Plan, dots: Renderer) -> None:
    assert probe(dots, plan, PROBED)["outside"] == 0
    assert probe(dots, plan, Unit(0, 5)) == {}


def test_a_renderer_that_leaks_is_found(plan: Plan, dots: Renderer) -> None:
    assert probe(Leaky(dots), plan, PROBED)["outside"] == 2


def test_overlap_and_switches_of_masks() -> None:
    first = np.zeros((12, 12), np.int32)
    first[0:4, 0:4], first[8:12, 0:4], first[0:2, 8:10] = 1, 2, 3
    second = np.zeros_like(first)
    second[0:4, 1:5], second[8:12, 0:4], second[0:2, 8:10] = 1, 7, 3
    second[6, 6:8] = 2
    overlap, switched = persistence(first, second, np.array([1, 2, 3]))
    assert overlap == [0.6]  # 3 of 5 columns; lesion 2 is nearly gone, lesion 3 is tiny
    assert switched == 0
    second[8:12, 4:8] = 2
    assert persistence(first, second, np.array([2])) == ([0.0], 1)


def test_the_document_adds_up(plan: Plan) -> None:
    quality = Quality()
    quality.add_probes(['{"outside":0,"iou":[0.5,1.0],"switched":0}', "{}", '{"outside":3,"iou":[0.75],"switched":1}'])
    quality.add_days(pl.DataFrame({"hayashi": [0, 0, 1, 3], "severity_true": [0.5, 0.6, 1.5, 3.0]}))
    values = pl.DataFrame({"yaw_deg": [1.0, 2.0, 3.0, 6.0], "phone": ["", "", "a", "b"]})
    quality.add_pictures(values[:3])
    quality.add_pictures(values[3:])
    found = quality.document()
    assert (found["pictures_probed"], found["outside_support_max"]) == (2, 3)
    assert (found["persistence_iou"], found["persistence_switches"]) == (0.75, 1)
    assert found["dose_agreement"] == 0.75  # ties belong to the lower class
    assert found["nuisance"] == {
        "yaw_deg": {"mean": 3.0, "sd": pytest.approx(3.5**0.5, rel=1e-5), "min": 1.0, "max": 6.0}
    }
    assert plain(found) == found


def test_a_likeness_that_the_renderer_measured_is_summed_up() -> None:
    quality = Quality()
    drawn = ['{"identity_cosine":0.9}', '{"identity_cosine":0.98}', '{"renderer":"x"}', '{"identity_cosine":1.0}']
    quality.add_pictures(pl.DataFrame({"yaw_deg": [0.0] * 4, "drawn": drawn}))
    found = quality.document()
    assert (found["identity"], found["identity_median"]) == (0.9, 0.98)


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_the_median_of_counts_is_the_median(count: int) -> None:
    values = [round(float(value), 4) for value in stream(0, "spread", count).uniform(-1, 1, count)]
    spread = Spread()
    for first in range(0, count, 3):
        spread.add(values[first : first + 3])
    assert (spread.count, spread.least, spread.median()) == (count, min(values), float(np.median(values)))


def test_nothing_measured_is_null_and_not_nought() -> None:
    found = Quality().document()
    assert (
        found["outside_support_max"] is found["dose_agreement"] is found["persistence_iou"] is found["identity"] is None
    )
