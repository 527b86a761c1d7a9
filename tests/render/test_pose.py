"""Poses: true parallax and occlusion, key points where the camera says, the same chart in every picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nof1sim.chart import KEY_POINTS
from nof1sim.model import Nuisance
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural.frames import VIEWS, frame_of
from nof1sim.render.procedural.head import build_head
from nof1sim.render.procedural.identity import draw_face
from nof1sim.render.procedural.plate import build_plate
from nof1sim.render.procedural.renderer import no_lesions

from .conftest import make_patient, make_view

POSES = {
    "turned": Nuisance(yaw_deg=7.0, pitch_deg=-5.0),
    "far side": Nuisance(yaw_deg=-10.0, pitch_deg=6.0, roll_deg=4.0, scale=1.04),
    "close": Nuisance(distance=0.4, shift_x=0.02, shift_y=-0.01),
    "smiling": Nuisance(smile=1.0, yaw_deg=3.0),
}
ON_SKIN = ("glabella", "pronasale", "sublabiale", "pogonion", "subnasale")


def drawn(renderer: ProceduralRenderer, nuisance: Nuisance, view: str = "front", size: int = 256):
    asked = make_view(no_lesions(), size=size, view=view, nuisance=nuisance)
    return renderer.render([replace(asked, layers=("chart", "depth", "parts", "normals"))])[0]


@pytest.mark.parametrize("name", POSES)
def test_key_points_lie_on_their_chart_places(renderer: ProceduralRenderer, name: str) -> None:
    """The picture's chart, which was warped, and the key points, which were projected, agree within a pixel."""
    render = drawn(renderer, POSES[name])
    chart = render.layers["chart"]
    for point in ON_SKIN:
        x, y = render.keypoints_px[point]
        i, j = round(x), round(y)
        near = chart[j - 2 : j + 3, i - 2 : i + 3]
        gap = np.hypot(near[..., 0] - KEY_POINTS[point][0], near[..., 1] - KEY_POINTS[point][1])
        dy, dx = np.unravel_index(np.nanargmin(gap), gap.shape)
        assert np.hypot(i - 2 + dx - x, j - 2 + dy - y) < 1.5, point  # a pixel, and half of one for the grid
        assert np.nanmin(gap) < 1.5


def test_a_turn_of_the_picture_is_the_turned_view(renderer: ProceduralRenderer) -> None:
    """A front plate turned by 8 degrees and a plate made at 8 degrees show the same places."""
    warped = drawn(renderer, Nuisance(yaw_deg=8.0))
    direct = drawn(renderer, Nuisance(), "yaw8")
    a, b = (np.array([r.keypoints_px[p] for p in ON_SKIN]) for r in (warped, direct))
    # The camera of a turned view moves sideways with it; apart from that nothing may differ.
    assert np.abs((a - a.mean(0)) - (b - b.mean(0))).max() < 0.5


def test_parallax_moves_what_is_near_more(renderer: ProceduralRenderer) -> None:
    still, turned = drawn(renderer, Nuisance()), drawn(renderer, Nuisance(yaw_deg=8.0))
    moved = {p: turned.keypoints_px[p][0] - still.keypoints_px[p][0] for p in ("pronasale", "nasion", "zygion_left")}
    assert moved["pronasale"] > moved["nasion"] + 1
    assert not moved["zygion_left"] > moved["nasion"] - 3  # farther back, or hidden


def test_still_pose_equals_the_plate(renderer: ProceduralRenderer) -> None:
    """A pose of nothing and a pose of almost nothing look the same: the warp has no look of its own."""
    still = drawn(renderer, Nuisance())
    nearly = drawn(renderer, Nuisance(yaw_deg=1e-4))
    difference = np.abs(still.pixels.astype(int) - nearly.pixels.astype(int))
    assert np.percentile(difference, 99.5) <= 2
    assert difference.mean() < 0.1


@pytest.mark.parametrize("view", [*VIEWS, "yaw50_pitch20", "yaw-50_pitch-20", "yaw-20"])
def test_every_view_is_a_sound_picture(renderer: ProceduralRenderer, view: str) -> None:
    render = drawn(renderer, Nuisance(), view, 64)
    assert render.pixels.shape == (64, 64, 3)
    assert render.pixels.std() > 8
    # No black hole: hair and pupils are dark, but not whole regions.
    assert (render.pixels.max(-1) < 4).mean() < 0.02
    person = render.layers["parts"] > 0
    assert person.mean() > 0.3
    assert np.isfinite(render.layers["depth"][person]).all()
    assert np.abs(np.linalg.norm(render.layers["normals"][person], axis=-1) - 1).max() < 1e-3


@pytest.mark.parametrize("size", [64, 65, 73, 81, 145])
def test_a_turned_picture_of_any_size(renderer: ProceduralRenderer, size: int) -> None:
    render = drawn(renderer, Nuisance(yaw_deg=6.0, pitch_deg=-4.0), size=size)
    person = render.layers["parts"] > 0
    assert person.mean() > 0.3
    assert np.isfinite(render.layers["depth"][person]).all()


def test_what_lies_before_something_is_not_mixed_with_it(renderer: ProceduralRenderer) -> None:
    """A chin that is raised before its neck keeps a sharp edge: no pixels have depths from in between."""
    depth = drawn(renderer, Nuisance(pitch_deg=-6.0), size=256).layers["depth"]
    middle = depth[150:250, 118:138]
    steps = np.abs(np.diff(middle, axis=0))
    edge = np.nanmax(steps, axis=0)
    assert np.median(edge) > 15  # mm from one pixel to the next; stretched over a cell it is four


def test_names_of_views() -> None:
    assert frame_of("yaw-35_pitch10").yaw_deg == -35  # type: ignore[union-attr]
    for wrong in ("back", "yaw51", "yaw0_pitch21", "yaw", "pitch10", "front "):
        assert frame_of(wrong) is None
        assert not ProceduralRenderer().accepts(wrong)


def test_left_view_of_a_mirrored_person_is_the_mirrored_right_view() -> None:
    face = draw_face(3, make_patient(4))
    mirrored = replace(face, asymmetry=tuple(-a for a in face.asymmetry))
    left = build_plate(build_head(mirrored, 256), VIEWS["left"], 96, 1)
    right = build_plate(build_head(face, 256), VIEWS["right"], 96, 1)
    # Cloth and hair have folds of their own; the face must be the mirror image.
    skin, other = np.isfinite(left.chart[..., 0]), np.isfinite(right.chart[:, ::-1, 0])
    both = skin & other
    assert both.sum() > 0.98 * max(skin.sum(), other.sum()) > 1000
    assert np.percentile(np.abs(left.depth - right.depth[:, ::-1])[both], 99) < 0.5
    assert np.percentile(np.abs(left.chart - right.chart[:, ::-1] * [-1, 1])[both], 99) < 0.5


def test_hidden_key_points_say_so(renderer: ProceduralRenderer) -> None:
    render = drawn(renderer, Nuisance(), "yaw50")
    assert np.isnan(render.keypoints_px["exocanthion_left"][0]) or np.isnan(render.keypoints_px["zygion_left"][0])
    assert np.isfinite(render.keypoints_px["exocanthion_right"][0])


def test_sixty_eight_points_make_a_face(renderer: ProceduralRenderer) -> None:
    p = {k: np.array(v) for k, v in drawn(renderer, Nuisance()).keypoints_px.items() if k.startswith("ibug")}
    assert len(p) == 68
    assert p["ibug_37"][0] < p["ibug_40"][0] < p["ibug_43"][0] < p["ibug_46"][0]  # eye corners, image left to right
    assert p["ibug_38"][1] < p["ibug_42"][1]  # upper lid over lower lid
    assert p["ibug_49"][0] < p["ibug_52"][0] < p["ibug_55"][0]  # mouth
    assert p["ibug_52"][1] < p["ibug_63"][1] < p["ibug_58"][1]
    assert p["ibug_28"][1] < p["ibug_31"][1] < p["ibug_34"][1] < p["ibug_52"][1] < p["ibug_09"][1]
    assert p["ibug_18"][0] < p["ibug_22"][0] < p["ibug_23"][0] < p["ibug_27"][0]  # brows
