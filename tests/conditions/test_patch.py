"""Acne on a square piece of skin: lesions for its area, on sites of its own, by the same engine."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.conditions.acne.sites import PATCH_RIM_MM, patch_ground, patch_share
from nof1sim.model import INFLAMMATORY, STAGE_CODE

CODES = [STAGE_CODE[name] for name in INFLAMMATORY]


@pytest.mark.parametrize(("severity", "side"), [(0.0, 40.0), (0.25, 15.0), (1.0, 40.0), (3.0, 60.0)])
def test_a_patch_has_lesions_for_its_area(make, severity, side):
    acne, drive = make["acne"](), make["given"](np.full(5, severity))
    field = acne.patch(make["someone"](), drive, 0, ("skin", 7), side)
    on = acne.on(field, 5)
    here = int(np.isin(on.stage, CODES).sum())
    wanted = float(acne.count_of_severity(np.array(severity))) * patch_share(patch_ground(side))
    assert abs(here - max(wanted, float(severity > 0))) <= 1
    assert (here > 0) == (severity > 0)
    assert not field.lost.any()
    assert max(np.abs(on.x_mm).max(initial=0.0), np.abs(on.y_mm).max(initial=0.0)) <= side / 2 + PATCH_RIM_MM + 0.5
    assert set(acne.named(field)["region"]) <= {"none"}


def test_a_patch_is_its_address(make):
    acne, drive = make["acne"](), make["given"](np.full(5, 2.0))
    first, again = (acne.patch(make["someone"](), drive, 0, ("skin", 7), 40.0) for _ in range(2))
    other = acne.patch(make["someone"](), drive, 0, ("skin", 8), 40.0)
    assert all(np.array_equal(first.columns[name], again.columns[name]) for name in first.columns)
    assert not np.array_equal(first.columns["x_mm"][:9], other.columns["x_mm"][:9])
    longer = acne.patch(make["someone"](), make["given"](np.r_[np.full(5, 2.0), np.zeros(4)]), 0, ("skin", 7), 40.0)
    a, b = acne.on(first, 4), acne.on(longer, 4)
    assert np.array_equal(a.x_mm, b.x_mm)
    assert np.array_equal(a.diameter_mm, b.diameter_mm)


def test_a_free_patch_has_its_share_of_the_baseline(make):
    acne = make["acne"]()
    field = acne.patch(make["someone"](), make["free"](12, count=100.0), 0, ("skin", 1), 60.0)
    here = np.mean([np.isin(acne.on(field, day).stage, CODES).sum() for day in range(1, 13)])
    assert here == pytest.approx(100.0 * patch_share(patch_ground(60.0)), rel=0.35)
