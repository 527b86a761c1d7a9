"""The chart over a picture: through the key points, right where there are none, and a letter where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.chart import KEY_POINTS
from nof1sim.errors import RenderError
from nof1sim.model import Nuisance, Patient, Scene, View
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural.renderer import no_lesions
from nof1sim.render.skin.warp import fit_warp, from_5, from_68


def straight(scale: float = 2.0) -> dict[str, tuple[float, float]]:
    return {name: (300 + scale * x, 250 - scale * y) for name, (x, y) in KEY_POINTS.items()}


def test_a_straight_face_is_a_scale() -> None:
    warp = fit_warp(straight())
    x, y = np.array([0.0, 40.0, -33.0]), np.array([0.0, -50.0, 30.0])
    assert np.allclose(warp.to_px(x, y), np.stack([300 + 2 * x, 250 - 2 * y], -1), atol=1e-6)
    assert np.allclose(warp.px_per_mm(x, y), 2.0)
    assert np.allclose(warp.jacobian(x, y)[0], [[2, 0], [0, -2]], atol=1e-6)


@pytest.fixture(scope="module")
def face() -> tuple[dict[str, tuple[float, float]], np.ndarray]:
    patient = Patient("P001", "1", 0, 24.0, "F", 40.0, 2)
    view = View(Scene(patient, 1, no_lesions()), "front", Nuisance(), 256, 0, ("P001",), ("chart",))
    render = ProceduralRenderer().render([view])[0]
    return dict(render.keypoints_px), np.asarray(render.layers["chart"], float)


@pytest.mark.parametrize(("points", "most_px"), [("chart", 2.0), ("68", 6.0), ("5", 5.0)])
def test_on_a_face_places_lie_where_its_own_chart_has_them(face: tuple, points: str, most_px: float) -> None:
    known, chart = face
    if points == "68":
        known = from_68(np.array([known[f"ibug_{k:02d}"] for k in range(1, 69)]))
    elif points == "5":
        names = ("pupil_right", "pupil_left", "pronasale", "cheilion_right", "cheilion_left")
        known = from_5(np.array([known[name] for name in names]))
    rows, columns = np.nonzero((np.abs(chart[..., 0]) < 55) & (chart[..., 1] < 45) & (chart[..., 1] > -95))
    x, y = chart[rows, columns].T
    missed = np.linalg.norm(fit_warp(known).to_px(x, y) - np.stack([columns, rows], -1), axis=1)
    assert np.median(missed) < most_px  # about as many mm on this face


def test_what_cannot_be_a_face_is_refused() -> None:
    with pytest.raises(RenderError, match="got 2 that the face chart knows"):
        fit_warp({"menton": (1.0, 2.0), "nasion": (3.0, 4.0), "elbow": (5.0, 6.0), "glabella": (float("nan"), 1.0)})
    mirrored = {name: (600 - x, y) for name, (x, y) in straight().items()}
    with pytest.raises(RenderError, match="mirror"):
        fit_warp(mirrored)
    with pytest.raises(RenderError, match="the 68 of the scheme"):
        from_68(np.zeros((5, 2)))
