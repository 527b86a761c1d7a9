"""The procedural renderer: same bytes always, identity locked, lesions where and as the table says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from nof1sim.chart import KEY_POINTS, region_of, tone_patch
from nof1sim.errors import RenderError
from nof1sim.model import INFLAMMATORY, STAGE_CODE, STAGES, Nuisance, Unit
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.protocol.images import NuisanceSettings
from nof1sim.randomness import stream
from nof1sim.render import draw_nuisance
from nof1sim.render.base import PART_CODE
from nof1sim.render.procedural import CONTRAST_FLOOR, ProceduralRenderer
from nof1sim.render.procedural.lesions import sites_of
from nof1sim.render.procedural.renderer import LONG_RUN, no_lesions
from nof1sim.render.skin.chromophores import ita_deg, lab
from nof1sim.render.skin.specimens import together
from nof1sim.simulation.plan import Plan

from .conftest import make_lesions, make_patient, make_view

INFLAMED = [STAGE_CODE[name] for name in INFLAMMATORY]
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


def test_who_goes_view_by_view_keeps_one_plate_and_who_changes_views_keeps_all() -> None:
    front, left, right = (make_view(no_lesions(), view=name) for name in ("front", "left", "right"))
    going, changing = ProceduralRenderer(), ProceduralRenderer()
    first = going.plate(front)
    for view in [front] * LONG_RUN + [left]:
        going.plate(view)
    assert going.plate(front) is not first
    kept = [changing.plate(view) for view in (front, left, right)]
    assert all(changing.plate(view) is plate for view, plate in zip((front, left, right), kept, strict=True))


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


@pytest.mark.parametrize("view_name", ["front", "left"])
def test_core_area_is_the_table_s(renderer: ProceduralRenderer, view_name: str) -> None:
    """A core of diameter d covers pi d^2 / 4 of skin, seen foreshortened; its middle is the projected site."""
    places, d = [(0, 42), (-24, -28), (24, -28), (46, -30)], 6.0
    lesions = make_lesions(places, diameter_mm=d)
    view = make_view(lesions, size=512, view=view_name)
    render, plate = renderer.render([view])[0], renderer.plate(view)
    sites = sites_of(plate, lesions)
    checked = 0
    for k in range(len(places)):
        at = ((plate.skin.spot - sites.spot[k]) ** 2).sum(-1) < (d / 2) ** 2
        facing = float((plate.skin.normal[at] * plate.skin.view[at]).sum(-1).mean()) if at.any() else 0.0
        if facing < 0.5:
            continue
        y, x = np.nonzero(render.lesion == k + 1)
        wanted = np.pi * d**2 / 4 * float(sites.px_per_mm[k]) ** 2 * facing
        assert 0.9 * wanted < y.size < 1.1 * wanted
        assert render.area_px[render.lesion_ids == k + 1][0] == y.size
        assert np.hypot(x.mean() + plate.margin - sites.x_px[k], y.mean() + plate.margin - sites.y_px[k]) < 1.5
        checked += 1
    assert checked >= 3


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


@pytest.mark.parametrize("band", range(4))
def test_counted_lesions_exceed_the_contrast_floor(renderer: ProceduralRenderer, band: int) -> None:
    """The smallest and faintest that may be counted, of each kind, all over the faces of 12 people of all tones."""
    g, stages = stream(7, "contrast floor", band), (*ONE_OF_EACH, "hyperpigmentation")
    x, y = (a.ravel() for a in np.meshgrid(np.arange(-64.0, 65.0, 12.0), np.arange(-98.0, 60.0, 11.0)))
    for k in range(3):
        ita = -50.0 + 27.5 * band + 27.5 / 3 * (k + float(g.uniform()))
        who = make_patient(200 + 5 * band + k, ita=ita, sex="FM"[k % 2], age=float(g.uniform(14, 40)))
        at = np.stack([x + g.uniform(-4, 4, x.size), y + g.uniform(-4, 4, x.size)], -1)[region_of(x, y) >= 0]
        at = at[region_of(*at.T) >= 0]
        clear = renderer.render([make_view(no_lesions(), who, size=512)])[0].pixels.astype(float)
        for d in (1.0, 1.4, 2.0):
            kinds = [make_lesions(at[i :: len(stages)], s, d, erythema=0.0) for i, s in enumerate(stages)]
            lesions = together(kinds)
            render = renderer.render([make_view(lesions, who, size=512)])[0]
            facing = render.lesion_ids[render.area_px >= 3]
            assert facing.size > 20
            change = np.bincount(render.lesion.ravel(), np.abs(render.pixels - clear).mean(-1).ravel())
            for i, contrast in zip(facing, change[facing] / render.area_px[render.area_px >= 3], strict=True):
                assert contrast >= CONTRAST_FLOOR, (ita, d, STAGES[lesions.stage[lesions.lesion_id == i][0]])


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
    man = make_patient(2, sex="M", age=30.0)
    lesions = make_lesions(PLACES)

    def pixels(**changed: float) -> np.ndarray:
        return renderer.render([make_view(lesions, man, nuisance=Nuisance(**changed), size=128)])[0].pixels

    plain = pixels()
    said_elsewhere = {"jpeg_quality", "phone"}  # for the file and the record
    for name in set(Nuisance.__dataclass_fields__) - said_elsewhere:
        value = (
            1.15 if getattr(Nuisance(), name) == 1.0 else {"white_balance_k": 400.0, "motion_deg": 90.0}.get(name, 1)
        )
        other = {"motion_px": 12.0} if name == "motion_deg" else {}
        value = 0.05 if name.startswith("shift") else 6.0 if name.endswith("_px") else value
        assert (pixels(**{name: value}, **other) != (pixels(**other) if other else plain)).any(), name


@pytest.mark.parametrize("ita", [60.0, 45.0, 30.0, 15.0, 0.0, -15.0, -30.0, -50.0])
def test_skin_tone_is_the_requested_one(renderer: ProceduralRenderer, ita: float) -> None:
    """Median of cheeks and forehead under neutral light: within 2 degrees of ITA or 1 L*, whichever is looser."""
    view = replace(
        make_view(no_lesions(), make_patient(3 + int(ita) % 7, ita=ita), size=128), layers=("chart", "parts")
    )
    render = renderer.render([view])[0]
    chart = render.layers["chart"]
    here = tone_patch(chart[..., 0], chart[..., 1]) & (render.layers["parts"] == PART_CODE["skin"])
    c = render.pixels[here] / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    median = np.median(lab(linear), axis=0)
    lightness = 50 + median[2] * np.tan(np.radians(ita))
    assert abs(float(ita_deg(median)) - ita) <= 2.0 or abs(median[0] - lightness) <= 1.0


def test_refuses_what_it_cannot_draw(renderer: ProceduralRenderer) -> None:
    with pytest.raises(RenderError, match="size_px"):
        renderer.render([make_view(no_lesions(), size=32)])
    with pytest.raises(RenderError, match="views"):
        renderer.render([make_view(no_lesions(), view="back")])


def test_numbers_of_the_face_are_in_the_render(renderer: ProceduralRenderer) -> None:
    nuisance = draw_nuisance(0, make_patient(), 3, 1, "front", NuisanceSettings())
    render = renderer.render([make_view(no_lesions(), nuisance=nuisance, day=3)])[0]
    assert len(render.face) >= 40
    assert "nose_width" in render.face
    assert render.drawn["renderer"] == "procedural"


def test_no_nan_and_no_black_hole(renderer: ProceduralRenderer) -> None:
    """A detector overlooks a black half of a face; this does not."""
    for rank in range(4):
        view = make_view(make_lesions(PLACES), make_patient(rank, sex="FM"[rank % 2], ita=50.0 - 30 * rank), size=128)
        render = renderer.render([replace(view, layers=("parts",))])[0]
        skin = render.pixels[render.layers["parts"] == PART_CODE["skin"]].astype(float)
        assert np.isfinite(skin).all()
        assert (skin.max(-1) < 12).mean() < 0.01
        # No part of the face is far darker than the rest.
        shade = np.where(render.layers["parts"] == PART_CODE["skin"], render.pixels.max(-1), np.nan)
        blocks = np.nanmedian(shade[40:104, 48:80].reshape(4, 16, 2, 16), axis=(1, 3))
        assert blocks.min() > 0.35 * blocks.max()


def test_closed_eyes_show_no_eyes(renderer: ProceduralRenderer) -> None:
    view = replace(make_view(no_lesions(), size=256, nuisance=Nuisance(eyes_closed=1.0)), layers=("parts",))
    open_ = replace(view, nuisance=Nuisance())
    closed_parts, open_parts = (renderer.render([v])[0].layers["parts"] for v in (view, open_))
    eyes = PART_CODE["eyes"]
    assert (open_parts == eyes).sum() > 100
    assert (closed_parts == eyes).sum() < 0.1 * (open_parts == eyes).sum()


def test_redness_follows_the_number_of_lesions(renderer: ProceduralRenderer) -> None:
    """Dose: the share of reddened pixels rises with severity over the days of a patient, nuisance 0, marks off."""
    protocol = with_changes(
        load_protocol("default"), images={"size_px": 128, "nuisance": {"preset": "none"}},
        condition={"marks": "off"}, cohort={"patients": 2},
    )  # fmt: skip
    plan = Plan(protocol)
    for rank in range(2):
        views = [plan.view(Unit(rank, day)) for day in range(1, 141, 6)]
        clear = renderer.render([replace(views[0], scene=replace(views[0].scene, lesions=no_lesions()))])[0]
        base = clear.pixels.astype(float)
        score = []
        for view in views:
            change = renderer.render([view])[0].pixels - base
            score.append(float(((change[..., 0] - change[..., 1]) > 6).mean()))
        severity = [(v.scene.lesions.counted & np.isin(v.scene.lesions.stage, INFLAMED)).sum() for v in views]
        assert spearmanr(score, severity).statistic >= 0.9
