"""Key points to the face chart: against the procedural renderer's own chart, normals, pose and lesion places."""

from __future__ import annotations

import math
import pickle
from functools import cache

import numpy as np
import pytest

from nof1sim.chart import region_of
from nof1sim.errors import RenderError
from nof1sim.render.portrait.geometry import _check_pose, fit_face
from nof1sim.render.portrait.mean_head import mean_head
from nof1sim.render.portrait.pose import Pose
from nof1sim.render.procedural import ProceduralRenderer

from .mapped_faces import FIVE, SIX_EIGHT, SPOTS, TWELVE, facial_skin, photograph, points

SIZE = 256
CASES = {("F", "front"): (0, 0), ("M", "front"): (0, 0), ("F", "yaw-35"): (-35, 0), ("M", "yaw20_pitch10"): (20, 10)}
SCHEMES = {"68": (SIX_EIGHT, 2.0, 10.0), "12": (TWELVE, 3.0, 10.0), "5": (FIVE, 3.5, 12.0)}
"""Key points; allowed median error of the chart in mm and of the normals in degrees."""


@cache
def case(who, view):
    return photograph(ProceduralRenderer(), who, view, SIZE)


def chart_error(render, face, side=0):
    both = facial_skin(render) & np.isfinite(face.chart[..., 0])
    if side:
        both &= np.sign(np.nan_to_num(render.layers["chart"][..., 0])) == side
    return np.hypot(*(face.chart - render.layers["chart"])[both].T)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("who", "view"), CASES)
def test_chart_normals_and_pose_are_the_renderer_s(who, view, scheme):
    names, most_mm, most_deg = SCHEMES[scheme]
    render = case(who, view)
    face = fit_face(points(render, names), (SIZE, SIZE))
    skin, known = facial_skin(render), np.isfinite(face.chart[..., 0])
    assert (skin & known).sum() > 0.93 * skin.sum()
    error = chart_error(render, face)
    assert np.median(error) < most_mm
    assert np.percentile(error, 95) < 15.0  # the height of a forehead is in no scheme
    both = skin & known
    turned = np.degrees(np.arccos(np.clip((face.normal * render.layers["normals"])[both].sum(-1), -1, 1)))
    assert np.median(turned) < most_deg
    assert np.allclose(np.linalg.norm(face.normal[known], axis=-1), 1, atol=1e-3)
    yaw, pitch = CASES[who, view]
    assert abs(face.yaw_deg - yaw) < 6
    assert abs(face.pitch_deg - pitch) < 6
    assert abs(face.roll_deg) < 4
    assert face.mm_per_px == pytest.approx(240 / SIZE, rel=0.08)


@pytest.mark.parametrize(("who", "view"), CASES)
def test_lesions_land_where_the_renderer_put_them(who, view):
    render = case(who, view)
    face = fit_face(points(render, SIX_EIGHT), (SIZE, SIZE))
    sites = face.place(*np.array(SPOTS, float).T)
    off = []
    for k in range(len(SPOTS)):
        y, x = np.nonzero(render.lesion == k + 1)
        if len(x) > 12 and np.isfinite(sites.x_px[k]) and SPOTS[k][1] < 30:
            off.append(math.hypot(sites.x_px[k] - x.mean(), sites.y_px[k] - y.mean()) * 240 / SIZE)
    assert len(off) >= 6
    assert np.median(off) < 2.5
    assert max(off) < 7.0
    assert np.allclose(sites.px_per_mm, SIZE / 240, rtol=0.12)


def test_what_the_nose_and_the_turn_hide_is_nan():
    render = case("F", "yaw-35")
    face = fit_face(points(render, SIX_EIGHT), (SIZE, SIZE))
    outside = (render.layers["parts"] == 0) & np.isfinite(face.chart[..., 0])
    assert outside.sum() < 0.03 * np.isfinite(face.chart[..., 0]).sum()
    # The head is turned to the image's left: its right cheek (x < 0) is the far one.
    sites = face.place(np.array([-74.0, 60.0, 0.0, 30.0]), np.array([-30.0, -30.0, -109.0, -35.0]))
    assert np.isnan(sites.x_px).tolist() == [True, False, False, False]
    # Which places of the far half can be seen agrees with the truth, up to the very rim.
    true = render.layers["chart"][facial_skin(render)]
    x, y = (a.ravel() for a in np.meshgrid(np.arange(-70.0, 0.0, 4.0), np.arange(-90.0, 10.0, 4.0)))
    allowed = region_of(x, y) >= 0
    x, y = x[allowed], y[allowed]
    nearest = np.sqrt(((true[None] - np.stack([x, y], -1)[:, None]) ** 2).sum(-1).min(1))
    seen = np.isfinite(face.place(x, y).x_px)
    assert 0.2 < seen.mean() < 0.8
    assert (seen == (nearest < 3.0)).mean() > 0.78


def test_places_are_the_map_read_backwards():
    face = fit_face(points(case("M", "front"), SIX_EIGHT), (SIZE, SIZE))
    y, x = np.nonzero(np.isfinite(face.chart[..., 0]))
    some = slice(None, None, 97)
    sites = face.place(*face.chart[y[some], x[some]].T)
    seen = np.isfinite(sites.x_px)
    assert seen.mean() > 0.9
    assert np.hypot(sites.x_px - x[some], sites.y_px - y[some])[seen].max() < 0.5
    assert np.abs(sites.spot - face.spot[y[some], x[some]]).max() < 0.2
    turned = sites.normal @ face.rotation.T
    assert np.median((turned * face.normal[y[some], x[some]]).sum(-1)) > 0.999
    # A millimetre on the surface is a millimetre in the picture.
    a, b = face.place(np.array([-6.0]), np.array([40.0])), face.place(np.array([6.0]), np.array([40.0]))
    apart = math.hypot(float(a.x_px[0] - b.x_px[0]), float(a.y_px[0] - b.y_px[0]))
    assert apart / a.px_per_mm[0] == pytest.approx(np.linalg.norm((a.spot - b.spot)[0, :2]), rel=0.05)


def test_key_points_are_met_within_a_pixel_or_so():
    render = case("M", "front")
    given = points(render, SIX_EIGHT)
    face, head = fit_face(given, (SIZE, SIZE)), mean_head()
    names = [name for name in SIX_EIGHT[17:] if np.isfinite(given[name]).all()]
    sites = face.place(*head.chart[[head.names.index(name) for name in names]].T)
    off = np.hypot(*(np.stack([sites.x_px, sites.y_px], -1) - [given[name] for name in names]).T)
    assert np.nanmedian(off) < 0.7
    assert np.nanpercentile(off, 90) < 1.8


def test_a_half_face_is_fitted_from_the_half_that_is_there():
    render = case("F", "front")
    middle = render.keypoints_px["pronasale"][0]
    half = {name: at for name, at in points(render, SIX_EIGHT).items() if at[0] >= middle - 3}
    face = fit_face(half, (SIZE, SIZE))
    assert abs(face.yaw_deg) < 6
    assert np.median(chart_error(render, face, side=1)) < 2.5
    # The same half, as a picture cut off at the midline.
    cut = round(middle) - 2
    moved = {name: (x - cut, y) for name, (x, y) in half.items()}
    part = fit_face(moved, (SIZE, SIZE - cut))
    assert part.shape == (SIZE, SIZE - cut)
    assert np.allclose(part.chart, face.chart[:, cut:], atol=0.1, equal_nan=True)


def test_hidden_and_unknown_points_are_left_out():
    given = points(case("F", "front"), TWELVE)
    face = fit_face(given, (SIZE, SIZE))
    more = given | {"menton_of_somebody": (3.0, 4.0), "gonion_left": (math.nan, math.nan)}
    assert np.array_equal(fit_face(more, (SIZE, SIZE)).chart, face.chart, equal_nan=True)


@pytest.mark.parametrize("roll", [-40.0, 12.0, 90.0, 175.0])
def test_a_turned_picture_gives_the_same_map_turned(roll):
    given = points(case("F", "front"), TWELVE)
    plain = fit_face(given, (SIZE, SIZE))
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    m = SIZE / 2
    turned = {n: (m + c * (x - m) - s * (y - m), m + s * (x - m) + c * (y - m)) for n, (x, y) in given.items()}
    face = fit_face(turned, (SIZE, SIZE))
    assert (face.roll_deg - plain.roll_deg - roll + 180) % 360 - 180 == pytest.approx(0, abs=0.5)
    assert face.yaw_deg == pytest.approx(plain.yaw_deg, abs=0.5)
    a, b = (f.place(np.array([20.0, -30.0]), np.array([-90.0, -35.0])) for f in (plain, face))
    x, y = a.x_px - m, a.y_px - m
    assert np.allclose(b.x_px, m + c * x - s * y, atol=0.6)
    assert np.allclose(b.y_px, m + s * x + c * y, atol=0.6)


def test_a_shaky_hand_moves_the_map_less_than_it_shook():
    render = case("M", "front")
    rng = np.random.default_rng(4)
    shaken = {n: (x + rng.normal(0, 1.5), y + rng.normal(0, 1.5)) for n, (x, y) in points(render, SIX_EIGHT).items()}
    assert np.median(chart_error(render, fit_face(shaken, (SIZE, SIZE)))) < 2.5


def test_a_map_travels_to_another_process():
    face = fit_face(points(case("F", "front"), FIVE), (SIZE, SIZE))
    again = pickle.loads(pickle.dumps(face))
    assert np.array_equal(again.place(np.zeros(1), np.zeros(1)).x_px, face.place(np.zeros(1), np.zeros(1)).x_px)


def test_a_far_contour_drawn_on_the_outline_does_little_harm():
    """Landmarkers put the hidden part of the contour where the cheek ends in the picture."""
    render = case("F", "yaw-35")
    skin, given = render.layers["parts"] == 1, points(render, SIX_EIGHT)
    rows = np.linspace(given["ibug_43"][1], given["ibug_09"][1] - 6, 8).astype(int)
    outline = {f"ibug_{k + 1:02d}": (float(np.flatnonzero(skin[y]).min()), float(y)) for k, y in enumerate(rows)}
    face = fit_face(given | outline, (SIZE, SIZE))
    assert abs(face.yaw_deg + 35) < 7
    assert np.median(chart_error(render, face)) < 2.0


def projected(yaw, pitch, names, px_per_mm=1.0):
    """Key points of the mean head under a pose."""
    head = mean_head()
    pose = Pose(yaw, pitch, 0.0, 128.0, 128.0, px_per_mm)
    x, y, _ = pose.project(pose.placed(head.place[[head.names.index(name) for name in names]]))
    return {name: (float(a), float(b)) for name, a, b in zip(names, x, y, strict=True)}


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (-48, 0), (40, 15), (0, -25)])
def test_the_mean_face_is_recognised_in_any_pose(yaw, pitch):
    face = fit_face(projected(yaw, pitch, SIX_EIGHT), (SIZE, SIZE))
    assert face.yaw_deg == pytest.approx(yaw, abs=1.0)
    assert face.pitch_deg == pytest.approx(pitch, abs=2.0)


@pytest.mark.parametrize(("yaw", "pitch"), [(65, 0), (-60, 0), (0, 42), (0, -42)])
def test_a_profile_is_refused(yaw, pitch):
    with pytest.raises(RenderError, match=r"profile beyond the model.*patch of skin"):
        fit_face(projected(yaw, pitch, SIX_EIGHT), (SIZE, SIZE))


def exchanged(given, *pairs):
    return given | {a: given[b] for pair in pairs for a, b in (pair, pair[::-1])}


def test_wrong_points_are_refused_and_named():
    good = projected(0, 0, TWELVE)
    mirrored = {name: (256 - x, y) for name, (x, y) in good.items()}
    with pytest.raises(RenderError, match="mirror"):
        fit_face(mirrored, (SIZE, SIZE))
    with pytest.raises(RenderError, match="cheilion_left"):
        fit_face(exchanged(good, ("cheilion_left", "cheilion_right")), (SIZE, SIZE))
    with pytest.raises(RenderError, match="got 4"):
        fit_face(dict(list(good.items())[:4]), (SIZE, SIZE))
    with pytest.raises(RenderError, match="on one line"):
        fit_face(projected(0, 0, ("nasion", "pronasale", "stomion", "menton", "glabella")), (SIZE, SIZE))
    with pytest.raises(RenderError, match="outside the picture"):
        fit_face({name: (x + 5000, y) for name, (x, y) in good.items()}, (SIZE, SIZE))
    with pytest.raises(RenderError, match="px from ear to ear"):
        fit_face(projected(0, 0, TWELVE, 0.1), (SIZE, SIZE))


def test_lips_the_wrong_way_round_fold_the_face():
    good = projected(0, 0, SIX_EIGHT)
    swapped = exchanged(good, ("ibug_52", "ibug_58"), ("ibug_51", "ibug_59"), ("ibug_53", "ibug_57"))
    with pytest.raises(RenderError, match="fold"):
        fit_face(swapped, (SIZE, SIZE))


ASTRONAUT = {
    "exocanthion_right": (192.5, 100.5), "endocanthion_right": (213.0, 103.3), "endocanthion_left": (236.5, 104.5),
    "exocanthion_left": (258.0, 103.5), "pronasale": (224.0, 127.0), "alare_right": (212.0, 127.5),
    "alare_left": (236.5, 127.0), "subnasale": (223.5, 133.5), "cheilion_right": (202.5, 139.0),
    "cheilion_left": (245.0, 140.0), "labiale_superius": (222.5, 139.5), "menton": (223.5, 177.5),
}  # fmt: skip
"""Read off the picture by eye."""


def test_a_real_photograph():
    data = pytest.importorskip("skimage.data")
    shape = data.astronaut().shape[:2]
    face = fit_face(ASTRONAUT, shape)
    assert abs(face.yaw_deg) < 8
    assert abs(face.pitch_deg) < 10
    assert 0 < face.roll_deg < 5  # her eyes slope down to the image's right
    assert 1.2 < face.mm_per_px < 1.8
    # Points that were not given: pupils, and the middle of a brow; read off the picture, too.
    sites = face.place(np.array([-31.0, 31.0, -36.0]), np.array([0.0, 0.0, 21.5]))
    seen = np.stack([sites.x_px, sites.y_px], -1)
    assert np.hypot(*(seen - [(203.2, 100.7), (246.3, 102.8), (198.0, 88.0)]).T).max() < 4.0


def test_left_and_right_exchanged_by_name_are_said_to_be():
    good = projected(0, 0, TWELVE)
    other = {name: name.replace("_left", "_?").replace("_right", "_left").replace("_?", "_right") for name in good}
    with pytest.raises(RenderError, match="mirror"):
        fit_face({other[name]: at for name, at in good.items()}, (SIZE, SIZE))
    with pytest.raises(RenderError, match="Left and right look exchanged"):
        _check_pose(Pose(178.0, 0.0, 0.0, 128.0, 128.0, 1.0))
