"""The chart on real faces: every place where a lesion may lie is skin, on everybody."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.chart import KEY_POINTS, PAIRS, region_of
from nof1sim.render.procedural import atlas
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.head import Head, build_head
from nof1sim.render.procedural.identity import draw_face
from nof1sim.render.procedural.landmarks import brow_half, brow_line, landmarks_of
from nof1sim.render.procedural.loft import build_loft

from .conftest import make_patient

CASES = [(0, 15, "F", 55), (1, 16, "M", 20), (2, 24, "F", -40), (3, 33, "M", 45), (4, 45, "F", 5), (5, 28, "M", -20),
         (6, 20, "F", 30), (7, 40, "M", 60)]  # fmt: skip
X, Y = np.meshgrid(np.arange(-78, 78.1, 1.0), np.arange(-108, 66, 1.0))
ON_SKIN = region_of(X, Y) >= 0


@pytest.fixture(scope="module", params=CASES, ids=lambda c: f"P{c[0] + 1}{c[2]}{c[1]}")
def head(request: pytest.FixtureRequest) -> Head:
    rank, age, sex, ita = request.param
    return build_head(draw_face(0, make_patient(rank, age=float(age), sex=sex, ita=float(ita))), 512)


def test_every_place_is_skin(head: Head) -> None:
    x, y = X[ON_SKIN], Y[ON_SKIN]
    u, v = atlas.on_mesh(head.chart, x, y)
    assert np.hypot(sample(head.layer("chart_x"), u, v) - x, sample(head.layer("chart_y"), u, v) - y).max() < 0.5
    limits = {"lip": 0.05, "nostril": 0.05, "hair": 0.05, "cloth": 0.02, "garment": 0.02, "temple": 0.15}
    for name, limit in limits.items():
        assert sample(head.layer(name), u, v).max() <= limit, name
    assert sample(head.layer("lid"), u, v).max() < -1.5
    face, m = head.face, head.marks
    spot = sample(head.skin, u, v)
    s = (np.abs(spot[:, 0]) - m.brow_inner) / (m.brow_outer - m.brow_inner)
    on_brow = (s > 0) & (s < 1) & (np.abs(spot[:, 1] - brow_line(face, s)) < brow_half(face, s)) & (spot[:, 2] > -70)
    assert not on_brow.any()
    # Not under the jaw: the row of its lower border, plus one.
    assert v.max() <= build_loft(face, landmarks_of(face), 512).jaw_row + 1


def test_the_chart_does_not_fold(head: Head) -> None:
    cx, cy = head.layer("chart_x"), head.layer("chart_y")
    face = (region_of(cx, cy) >= 0) & (head.skin[..., 2] > -110)
    area = np.gradient(cx, axis=1) * np.gradient(cy, axis=0) - np.gradient(cx, axis=0) * np.gradient(cy, axis=1)
    assert (area[face] < 0).all()  # rows run down, so one sign means one sheet


def test_pairs_are_symmetric(head: Head) -> None:
    cx, cy = head.layer("chart_x"), head.layer("chart_y")
    assert np.array_equal(cx, -cx[:, ::-1])
    assert np.array_equal(cy, cy[:, ::-1])
    n = cx.shape[1]
    for left, right in PAIRS:
        points = np.array([KEY_POINTS[left], KEY_POINTS[right]])
        u, v = atlas.on_mesh(head.chart, points[:, 0], points[:, 1])
        assert abs(u[0] + u[1] - (n - 1)) < 0.3, left
        assert abs(v[0] - v[1]) < 0.3, left


def test_key_points_lie_on_the_person_s_own(head: Head) -> None:
    m = head.marks
    places = {"subnasale": m.subnasale, "stomion": m.stomion, "pogonion": m.pogonion}
    u, v = atlas.on_mesh(head.chart, np.zeros(3), np.array([KEY_POINTS[name][1] for name in places]))
    assert np.abs(sample(head.skin, u, v)[:, 1] - list(places.values())).max() < 2.0
    corner = np.array([KEY_POINTS["cheilion_left"]])
    u, v = atlas.on_mesh(head.chart, corner[:, 0], corner[:, 1])
    assert abs(sample(head.skin, u, v)[0, 0] - m.mouth_half) < 2.5
