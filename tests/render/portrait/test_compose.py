"""Lesions on a photograph: only where they are, as many as they are, as sharp and as noisy as the picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage, stats

from nof1sim.model import Nuisance
from nof1sim.render.base import PART_CODE
from nof1sim.render.portrait.compose import compose
from nof1sim.render.portrait.patch import flat_map
from nof1sim.render.portrait.photograph import Photograph, from_pixels, read_photograph
from nof1sim.render.portrait.prepare import prepare
from nof1sim.render.procedural.renderer import no_lesions
from nof1sim.render.skin.chromophores import lab
from nof1sim.render.skin.specimens import sample_lesions, together

from .faces import acne, person

CHEEKS = [(40.0, -30.0), (-42.0, -32.0), (30.0, -55.0), (-30.0, -58.0), (0.0, 42.0)]


def _canvas(ita: float = 40, *, rank: int = 1, **how):
    p = person(ita, rank=rank, **how)
    return p, prepare(p.photograph, p.face)


def test_without_lesions_it_is_the_photograph() -> None:
    p, canvas = _canvas()
    out = compose(canvas, no_lesions())
    assert (out.pixels == p.photograph.pixels).all()
    assert not out.lesion.any()
    assert not out.support.any()
    assert out.drawn == ()


@pytest.mark.parametrize("nuisance", [Nuisance(), Nuisance(blur_px=3.0, noise=3.0)])
def test_outside_the_support_nothing_changes_and_inside_all_does(nuisance: Nuisance) -> None:
    p, canvas = _canvas(rank=1, nuisance=nuisance)
    out = compose(canvas, acne(2.0))
    differs = (out.pixels != p.photograph.pixels).any(-1)
    assert ((out.support != 0) == (differs | (out.lesion != 0))).all()  # some of a core fades out where skin ends
    assert 0.01 < differs.mean() < 0.5
    assert set(out.drawn) == set(np.unique(out.lesion)) - {0}
    again = compose(canvas, acne(2.0))
    assert (again.pixels == out.pixels).all()
    clean = compose(canvas, no_lesions())
    assert (clean.pixels == p.photograph.pixels).all()


def test_a_core_lies_where_the_lesion_is() -> None:
    p, canvas = _canvas(size=384, rank=1)
    lesions = sample_lesions("papule", CHEEKS)
    out, sites = compose(canvas, lesions), p.face.place(lesions.x_mm, lesions.y_mm)
    assert out.drawn == (1, 2, 3, 4, 5)
    for k, lesion in enumerate(out.drawn):
        y, x = ndimage.center_of_mass(out.lesion == lesion)
        assert np.hypot(x - sites.x_px[k], y - sites.y_px[k]) < 0.6
        area = (out.lesion == lesion).sum()
        facing = (sites.normal[k] @ p.face.rotation.T)[2]
        assert area == pytest.approx(np.pi * (1.5 * sites.px_per_mm[k]) ** 2 * facing, rel=0.3)


def test_hidden_and_covered_lesions_are_not_drawn() -> None:
    canvas = _canvas(rank=3)[1]
    lips, eye, brow, hair, beyond = (0.0, -64.0), (32.0, 0.0), (-34.0, 20.0), (0.0, 84.0), (-120.0, 0.0)
    lesions = sample_lesions("papule", [lips, eye, brow, hair, beyond, (40.0, -30.0)])
    assert compose(canvas, lesions).drawn == (6,)


@pytest.mark.parametrize(("ita", "rank", "sex"), [(55, 0, "F"), (10, 3, "M"), (-45, 8, "F")])
def test_nothing_lands_off_the_skin(ita: float, rank: int, sex: str) -> None:
    p, canvas = _canvas(ita, rank=rank, sex=sex, nuisance=Nuisance(light_side=0.6))
    lesions = acne(3.0, rank)
    out = compose(canvas, lesions)
    off = p.render.layers["parts"][out.lesion > 0] != PART_CODE["skin"]
    assert off.mean() <= 0.005
    ideal = p.with_lesions(lesions)
    assert len(out.drawn) > 0.9 * ideal.lesion_ids.size


def _redness(pixels: np.ndarray, before: np.ndarray) -> float:
    """Pixels whose a* has clearly risen."""
    from nof1sim.render.portrait.coarse import LINEAR

    return float(((lab(LINEAR[pixels]) - lab(LINEAR[before]))[..., 1] > 2.0).sum())


@pytest.mark.parametrize("ita", [40, -45])
def test_dose_and_likeness_to_the_ideal(ita: float) -> None:
    p, canvas = _canvas(ita, rank=1)
    severities = np.linspace(0.0, 3.0, 7)
    area, changes = [], []
    for severity in severities:
        lesions = acne(severity)
        out, ideal = compose(canvas, lesions).pixels, p.with_lesions(lesions).pixels
        area.append(_redness(out, p.photograph.pixels))
        changes.append([np.abs(x.astype(int) - p.photograph.pixels).sum() for x in (out, ideal)])
    assert stats.spearmanr(severities, area).statistic >= 0.9
    ours, ideal = changes[-1]
    assert 0.75 < ours / ideal < 1.15


@pytest.mark.parametrize("ita", [40, -45])
def test_single_lesions_look_like_the_renderers_own(ita: float) -> None:
    p, canvas = _canvas(ita, size=384, rank=1)
    kinds = ["papule", "pustule", "nodule", "hyperpigmentation", "open_comedone"]
    lesions = together([sample_lesions(kind, [place], "large") for kind, place in zip(kinds, CHEEKS, strict=True)])
    out, ideal = compose(canvas, lesions), p.with_lesions(lesions)
    before = p.photograph.pixels.astype(float)
    for lesion in out.drawn:
        core = out.lesion == lesion
        ours, theirs = ((x.pixels - before)[core].mean(0) for x in (out, ideal))
        assert np.linalg.norm(ours - theirs) < max(0.3 * np.linalg.norm(theirs), 4.0)


def test_noise_over_a_lesion_is_that_beside_it() -> None:
    p, canvas = _canvas(40, size=384, rank=1, nuisance=Nuisance(noise=3.0))
    lesions = sample_lesions("pustule", CHEEKS[:4], "large")
    lesions = type(lesions)(**{f: getattr(lesions, f) for f in lesions.__dataclass_fields__} | {"crust": lesions.pus})
    out = compose(canvas, lesions)

    def grain(pixels: np.ndarray, where: np.ndarray) -> float:
        luma = pixels.astype(float) @ [0.299, 0.587, 0.114]
        second = luma - (np.roll(luma, 1, 1) + np.roll(luma, -1, 1)) / 2
        return 1.4826 * float(np.median(np.abs(second[where])))

    core = out.lesion > 0
    around = ndimage.binary_dilation(core, iterations=12) & (out.support == 0) & (canvas.skin > 0.9)
    assert grain(out.pixels, core) == pytest.approx(grain(out.pixels, around), rel=0.35)
    assert grain(out.pixels, core) > 0.7 * grain(p.photograph.pixels, core)


def test_a_lesion_is_as_blurred_as_the_picture() -> None:
    """The steepest slope across an edge, beside that of the renderer's own picture."""
    lesions, slopes = sample_lesions("open_comedone", CHEEKS, "large"), {}
    for blur in (0.0, 3.0):
        p, canvas = _canvas(40, size=384, rank=1, nuisance=Nuisance(blur_px=blur))
        both = compose(canvas, lesions).pixels, p.with_lesions(lesions).pixels
        changes = [(x.astype(float) - p.photograph.pixels).mean(-1) for x in both]
        slopes[blur] = [np.hypot(*np.gradient(change)).max() for change in changes]
    for ours, theirs in slopes.values():
        assert 0.5 < ours / theirs < 1.6
    assert slopes[3.0][0] < 0.5 * slopes[0.0][0]


def _blockiness(pixels: np.ndarray, where: np.ndarray) -> float:
    """Mean step across the borders of 8 x 8 blocks over that within blocks."""
    step = np.abs(np.diff(pixels.astype(float).mean(-1), axis=1))
    both = where[:, 1:] & where[:, :-1]
    border = np.zeros_like(both)
    border[:, 7::8] = True
    return float(step[both & border].mean() / step[both & ~border].mean())


def test_a_jpegs_grid_goes_on_under_the_lesions(tmp_path) -> None:
    p = person(40, size=384, rank=1, nuisance=Nuisance(blur_px=1.0))
    path = tmp_path / "face.jpg"
    Image.fromarray(p.photograph.pixels).save(path, quality=35, subsampling=2)
    photograph = read_photograph(path)
    canvas = prepare(photograph, p.face)
    lesions = acne(3.0)
    out = compose(canvas, lesions)
    plain = compose(prepare(Photograph("p", "", photograph.pixels, None), p.face), lesions)
    where = ndimage.binary_erosion(out.support > 0, iterations=2)
    beside = (canvas.skin > 0.9) & (out.support == 0)
    matched, unmatched, photo = (
        _blockiness(out.pixels, where), _blockiness(plain.pixels, where), _blockiness(photograph.pixels, beside)
    )  # fmt: skip
    assert photo > 1.15, "the photograph shows its grid"
    assert abs(matched - photo) < 0.35 * (photo - 1)
    assert matched > unmatched
    assert ((out.support != 0) == ((out.pixels != photograph.pixels).any(-1) | (out.lesion != 0))).all()


def test_a_patch_takes_lesions() -> None:
    pixels = person(30, size=256, view="patch").photograph.pixels
    canvas = prepare(from_pixels(pixels), flat_map((256, 256), 48 / 256))
    out = compose(canvas, sample_lesions("papule", [(0.0, 0.0), (15.0, -10.0), (40.0, 0.0)]))
    assert out.drawn == (1, 2)
    y, x = ndimage.center_of_mass(out.lesion == 2)
    assert (x - 127.5) * 48 / 256 == pytest.approx(15.0, abs=0.2)
    assert (127.5 - y) * 48 / 256 == pytest.approx(-10.0, abs=0.2)


def test_the_picture_can_be_saved_and_read(tmp_path) -> None:
    canvas = _canvas()[1]
    out, file = compose(canvas, acne(1.0)), io.BytesIO()
    Image.fromarray(out.pixels).save(file, "PNG")
    assert (np.asarray(Image.open(file)) == out.pixels).all()
    assert out.pixels.dtype == np.uint8
    assert out.lesion.dtype == out.support.dtype == np.int32


def _steps_at_the_border(before: np.ndarray, pixels: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Change, grey levels, of the outermost pixels of the support; the picture's edge is no border."""
    change = np.abs(pixels.astype(int) - before).max(-1)
    return change[(support > 0) & ~ndimage.binary_erosion(support > 0, border_value=1)]


@pytest.mark.parametrize("ita", [50, -45])
def test_no_lesion_ends_in_a_line_where_the_skin_does(ita: float) -> None:
    p, canvas = _canvas(ita, size=512, rank=1)
    where = canvas.buffer.slot >= 0
    inner = ndimage.binary_erosion(where)
    rim, next_to_it = where & ~inner, inner & ~ndimage.binary_erosion(inner)
    # Large nodules from the middle of a cheek up to the lid: some reach beyond the skin, some lie beyond.
    for y in np.arange(-30.0, -6.0, 3.0):
        out = compose(canvas, sample_lesions("nodule", [(34.0, y), (-34.0, y - 1.5)], "large"))
        change = np.abs(out.pixels.astype(int) - p.photograph.pixels).max(-1)
        assert change[rim].max() <= 8  # 70 where nothing fades
        assert change[next_to_it].max() <= 35  # 75 where nothing fades
        assert y > -24 or len(out.drawn) == 2


def test_a_lesion_goes_on_to_the_edge_of_a_patch() -> None:
    side, mm = 263, 48 / 263  # no whole number of coarse pixels
    pixels = person(30, size=side, view="patch", rank=1).photograph.pixels
    canvas = prepare(from_pixels(pixels), flat_map((side, side), mm))
    assert all((canvas.skin[edge] > 0.5).mean() > 0.97 for edge in (0, -1, (slice(None), 0), (slice(None), -1)))
    at = side / 2 * mm - 2.5
    out = compose(canvas, sample_lesions("papule", [(at, 0.0), (-at, 5.0), (4.0, at), (-5.0, -at)], "large"))
    assert len(out.drawn) == 4
    assert _steps_at_the_border(pixels, out.pixels, out.support).max() <= 10
    assert all(out.support[edge].any() for edge in (0, -1, (slice(None), 0), (slice(None), -1)))
