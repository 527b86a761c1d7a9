"""Numbers of a stream from any place on."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.conditions.cells import cells
from nof1sim.conditions.philox import fill, key_of
from nof1sim.randomness import stream


@pytest.mark.parametrize(("first", "count"), [(0, 11), (1, 1), (2, 400), (399, 0), (777, 223)])
def test_they_are_those_of_the_generator(first: int, count: int) -> None:
    rng = stream(3, "philox")
    key, out = key_of(rng), np.full(count, np.nan)
    fill(key, first, out)
    assert out.tolist() == rng.random(1000)[first : first + count].tolist()


def test_cells_hold_each_point_once_and_where_it_is() -> None:
    x, y = stream(4, "cells").uniform(-20.0, 30.0, (2, 300))
    found = cells(x, y, 4.0)
    assert sorted(found.member.tolist()) == list(range(300))
    for cell in range(found.columns * found.rows):
        here = found.member[found.first[cell] : found.first[cell + 1]]
        assert (np.diff(here) > 0).all()
        assert (((x[here] - x.min()) // 4.0) == cell % found.columns).all()
        assert (((y[here] - y.min()) // 4.0) == cell // found.columns).all()
