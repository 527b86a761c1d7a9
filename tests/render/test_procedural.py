"""The procedural renderer: same bytes always, identity locked, lesions where and as the table says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nof1sim.chart import KEY_POINTS, region_of
from nof1sim.errors import RenderError
from nof1sim.model import Nuisance
from nof1sim.protocol.images import NuisanceSettings
from nof1sim.render import draw_nuisance
from nof1sim.render.procedural import CONTRAST_FLOOR, ProceduralRenderer, atlas
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.renderer import no_lesions
from nof1sim.render.procedural.tone import tone_patch
from nof1sim.render.skin.chromophores import ita_deg, lab

from .conftest import make_lesions, make_patient, make_view

PLACES = [(-40, -35), (40, -35), (0, 45), (-20, -95), (48, -10)]
POSED = Nuisance(
    yaw_deg=2.0, pitch_deg=-1.0, roll_deg=3.0, scale=1.03, shift_x=0.02, exposure_ev=0.3, white_balance_k=400.0,
    light_key=1.1, light_room=0.8, oil=1.2, blur_px=0.6, noise=1.0,
)  # fmt: skip
ONE_OF_EACH = ("papule", "pustule", "nodule", "closed_comedone", "open_comedone", "crust")


def same(a, b) -> bool:
    """Two renders are equal to the last bit."""
    arrays = ("pixels", "lesion", "support", "lesion_ids", "boxes_px", "area_px")
    points = np.array(list(a.keypoints_px.values())), np.array(list(b.keypoints_px.values()))
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in arrays) and np.array_equal(*points, equal_nan=True)


@pytest.fixture(scope="module")
def clear512(renderer: ProceduralRenderer):
    """The clear face at full size."""
    return renderer.render([make_view(no_lesions(), size=512)])[0]


def test_same_bytes_from_a_fresh_renderer_and_any_order(renderer: ProceduralRenderer) -> None:
    views = [make_view(make_lesions(PLACES), nuisance=POSED, day=d) for d in (1, 2)]
    others = [make_view(make_lesions(PLACES), make_patient(r, ita=5.0 * r), nuisance=POSED) for r in (1, 2)]
    first, second = renderer.render(views)
    fresh = ProceduralRenderer()
    fresh.render(others)  # fills and empties the cache
    again_second = fresh.render([views[1]])[0]
    fresh.render(others[:1])
    again_first = fresh.render([views[0]])[0]
    assert same(first, again_first)
    assert same(second, again_second)
    assert not np.array_equal(first.pixels, second.pixels)  # sensor noise belongs to the day


def test_identity_does_not_depend_on_the_day(renderer: ProceduralRenderer) -> None:
    a, b = renderer.render([make_view(no_lesions(), day=d) for d in (1, 250)])
    assert np.array_equal(a.pixels, b.pixels)


@pytest.mark.parametrize(
    "change", [{"rank": 1}, {"age": 40.0}, {"sex": "M"}, {"ita": -20.0}], ids=["key", "age", "sex", "ita"]
)
def test_identity_depends_on_the_person(renderer: ProceduralRenderer, change: dict) -> None:
    a, b = renderer.render([make_view(no_lesions()), make_view(no_lesions(), make_patient(**change))])
    assert np.abs(a.pixels.astype(int) - b.pixels).mean() > 0.3


@pytest.mark.parametrize("stage", ["papule", "pustule", "hyperpigmentation"])
def test_nothing_changes_outside_support(renderer: ProceduralRenderer, stage: str) -> None:
    clear, sick = renderer.render([make_view(no_lesions()), make_view(make_lesions(PLACES, stage))])
    changed = (clear.pixels != sick.pixels).any(-1)
    assert changed.any()
    assert not (changed & (sick.support == 0)).any()
    assert not clear.support.any()
    assert not clear.lesion.any()
    # The support is no blank cheque: it stays near the lesions.
    assert (sick.support != 0).mean() < 0.35


def test_nothing_changes_outside_support_at_full_size(renderer: ProceduralRenderer, clear512) -> None:
    sick = renderer.render([make_view(make_lesions(PLACES), size=512)])[0]
    changed = (clear512.pixels != sick.pixels).any(-1)
    assert not (changed & (sick.support == 0)).any()
    assert changed[sick.support != 0].mean() > 0.3
    assert set(np.unique(sick.support)) == {0, 1, 2, 3, 4, 5}
    assert (sick.support[sick.lesion != 0] != 0).all()


def test_nothing_changes_outside_support_when_posed(renderer: ProceduralRenderer) -> None:
    clear, sick = renderer.render([make_view(x, nuisance=POSED) for x in (no_lesions(), make_lesions(PLACES))])
    changed = (clear.pixels != sick.pixels).any(-1)
    assert changed.any()
    assert not (changed & (sick.support == 0)).any()


def test_core_area_is_the_table_s(renderer: ProceduralRenderer) -> None:
    """On skin that faces the camera a core of diameter d covers pi d^2 / 4, foreshortened."""
    places, d = [(0, 42), (-24, -28), (24, -28)], 6.0
    view = make_view(make_lesions(places, diameter_mm=d), size=512)
    render, plate = renderer.render([view])[0], renderer.plate(view)
    per_mm = 512 / 234.0
    for lesion in (1, 2, 3):
        y, x = np.nonzero(render.lesion == lesion)
        near = plate.skin.spot - plate.spots[y + plate.margin, x + plate.margin].mean(0)
        at = (near**2).sum(-1) < (d / 2) ** 2
        facing = float((plate.skin.normal[at] * plate.skin.view[at]).sum(-1).mean())
        wanted = np.pi * d**2 / 4 * per_mm**2 * facing
        assert 0.82 * wanted < y.size < 1.18 * wanted
        assert render.area_px[render.lesion_ids == lesion][0] == y.size


def test_lesions_lie_where_the_chart_says(renderer: ProceduralRenderer) -> None:
    places = [KEY_POINTS["pogonion"], KEY_POINTS["glabella"], (-40.0, -30.0), (40.0, -30.0)]
    render = renderer.render([make_view(make_lesions(places, diameter_mm=5.0), size=512)])[0]
    centre = {i: np.argwhere(render.lesion == i).mean(0)[::-1] for i in (1, 2, 3, 4)}
    assert np.hypot(*(centre[1] - render.keypoints_px["pogonion"])) < 3
    assert np.hypot(*(centre[2] - render.keypoints_px["glabella"])) < 3
    # Mirror places lie at one height and on both sides of the nose, as far as an asymmetric face allows.
    middle = render.keypoints_px["nasion"][0]
    assert abs(centre[3][1] - centre[4][1]) < 8
    assert abs((middle - centre[3][0]) - (centre[4][0] - middle)) < 10
    assert centre[3][0] < middle < centre[4][0]


def test_masks_and_key_points_follow_the_pose(renderer: ProceduralRenderer) -> None:
    lesions = make_lesions([(-40, -30), (0, 40)], diameter_mm=6.0)
    pose = Nuisance(yaw_deg=2.5, roll_deg=4.0, shift_x=0.03, shift_y=-0.02, scale=1.04)
    still, posed = renderer.render([make_view(lesions, size=512, nuisance=n) for n in (Nuisance(), pose)])
    for render, nuisance in ((still, Nuisance()), (posed, pose)):
        clear = renderer.render([make_view(no_lesions(), size=512, nuisance=nuisance)])[0]
        weight = np.abs(render.pixels.astype(float) - clear.pixels).sum(-1)
        for lesion in (1, 2):
            mask = np.argwhere(render.lesion == lesion).mean(0)
            w = weight * (render.support == lesion)
            ys, xs = np.mgrid[:512, :512]
            seen = np.array([(w * ys).sum(), (w * xs).sum()]) / w.sum()
            assert np.hypot(*(seen - mask)) < 3.5
    moved = np.array(posed.keypoints_px["pogonion"]) - still.keypoints_px["pogonion"]
    assert np.hypot(*moved) > 8


def test_invisible_lesions_are_not_drawn(renderer: ProceduralRenderer) -> None:
    hidden = make_lesions(PLACES, visible=False, counted=False)
    clear, render = renderer.render([make_view(no_lesions()), make_view(hidden)])
    assert same(clear, render)


@pytest.mark.parametrize("ita", [40.0, -45.0])
def test_counted_lesions_exceed_the_contrast_floor(renderer: ProceduralRenderer, ita: float) -> None:
    """The smallest and faintest that may be counted, of each kind, all over the face."""
    patient = make_patient(ita=ita)
    x, y = (a.ravel() for a in np.meshgrid(np.arange(-64.0, 65.0, 16.0), np.arange(-98.0, 60.0, 14.0)))
    places = [p for p in zip(x, y, strict=True) if region_of(*np.array(p)[:, None])[0] >= 0]
    clear = renderer.render([make_view(no_lesions(), patient, size=512)])[0].pixels.astype(float)
    for stage, d in product((*ONE_OF_EACH, "hyperpigmentation"), (1.0, 1.4, 2.0)):
        lesions = make_lesions(places, stage, diameter_mm=d, erythema=0.0)
        render = renderer.render([make_view(lesions, patient, size=512)])[0]
        facing = render.lesion_ids[render.area_px >= 3]
        assert facing.size > 10
        contrast = {int(i): np.abs(render.pixels - clear)[render.lesion == i].mean() for i in facing}
        assert min(contrast.values()) >= CONTRAST_FLOOR, (stage, d, contrast)


def test_redder_is_redder(renderer: ProceduralRenderer) -> None:
    def redness(erythema: float) -> float:
        lesions = make_lesions([(-35, -32)], "papule", 5.0, erythema)
        render = renderer.render([make_view(lesions, size=512)])[0]
        pixels = render.pixels[render.lesion == 1].astype(float)
        return float((pixels[:, 0] - pixels[:, 1]).mean())

    values = [redness(e) for e in (0.25, 0.5, 1.0)]
    assert values[0] + 2 < values[1]
    assert values[1] + 2 < values[2]


def test_the_picture_reacts_to_every_nuisance(renderer: ProceduralRenderer) -> None:
    plain = renderer.render([make_view(no_lesions())])[0].pixels.astype(int)
    for name in Nuisance.__dataclass_fields__:
        value = 1.1 if getattr(Nuisance(), name) == 1.0 else {"white_balance_k": 400.0}.get(name, 0.6)
        value = 0.05 if name.startswith("shift") else value
        size = 512 if name == "blur_px" else 64
        if size == 512:
            plain = renderer.render([make_view(no_lesions(), size=size)])[0].pixels.astype(int)
        other = renderer.render([make_view(no_lesions(), nuisance=Nuisance(**{name: value}), size=size)])[0].pixels
        assert (plain != other).any(), name
        if size == 512:
            plain = renderer.render([make_view(no_lesions())])[0].pixels.astype(int)


@pytest.mark.parametrize("ita", [60.0, 30.0, 0.0, -45.0])
def test_skin_tone_is_the_requested_one(renderer: ProceduralRenderer, ita: float) -> None:
    view = make_view(no_lesions(), make_patient(3, ita=ita))
    render, plate = renderer.render([view])[0], renderer.plate(view)
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(-54, 54, 60), np.linspace(-52, 54, 60)))
    keep = tone_patch(x, y)
    u, v = atlas.on_mesh(plate.head.chart, x[keep], y[keep])
    sx, sy, _ = plate.camera.project(plate.camera.place(sample(plate.head.skin, u, v)))
    px, py = plate.in_picture(sx, sy)
    c = render.pixels[np.rint(py).astype(int), np.rint(px).astype(int)] / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    assert abs(float(ita_deg(np.median(lab(linear), axis=0))) - ita) < 6.0


def test_refuses_what_it_cannot_draw(renderer: ProceduralRenderer) -> None:
    with pytest.raises(RenderError, match="size_px"):
        renderer.render([make_view(no_lesions(), size=32)])
    with pytest.raises(RenderError, match="views"):
        renderer.render([make_view(no_lesions(), view="back")])


def test_drawn_numbers_are_in_the_render(renderer: ProceduralRenderer) -> None:
    nuisance = draw_nuisance(0, make_patient(), 3, 1, "front", NuisanceSettings())
    drawn = renderer.render([make_view(no_lesions(), nuisance=nuisance, day=3)])[0].drawn
    assert drawn["yaw_deg"] == nuisance.yaw_deg
    assert "nose_width" in drawn
    assert drawn["renderer"] == "procedural"
