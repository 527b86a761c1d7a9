"""The lesion layer's contracts, on a patch of skin by formula."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nof1sim.model import STAGE_CODE, Lesions
from nof1sim.render.skin import CONTRAST_FLOOR, Primed, SkinBuffer, draw, prime, sample_lesions
from nof1sim.render.skin.specimens import SIZES, together

from .patch import LIGHTING, MELANIN, clear, grey_levels, patch, sites

COUNTED = ("closed_comedone", "open_comedone", "papule", "pustule", "nodule", "crust", "excoriation")
MARKS = ("erythema", "hyperpigmentation", "scar")
DAY = (1.0, 1.0, 1.0)


def drawn(buffer: SkinBuffer, lesions: Lesions, *, dark: float = 0.0, primed: Primed | None = None, day=DAY):
    """Light, touched and core map."""
    light, primed = clear(buffer), primed or prime(buffer, LIGHTING)
    maps = draw(primed, lesions, sites(buffer, lesions), light, dark=dark, day=day, oil=1.0)
    return light, *maps


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stage", COUNTED + MARKS)
def test_light_changes_where_touched_and_nowhere_else(stage: str, size) -> None:
    buffer = patch(160)
    lesions = sample_lesions(stage, [(1.0, -2.0)], size)
    light, touched, core = drawn(buffer, lesions)
    changed = (light != clear(buffer)).any(-1)
    assert changed[core != 0].mean() > 0.9
    assert not (changed & (touched == 0)).any()
    assert (touched[core != 0] == core[core != 0]).all()
    # No blank cheque: the reach ends within a few millimetres.
    y, x = np.nonzero(touched)
    far = np.hypot((x - 79.5) * 0.25 - 1.0, (79.5 - y) * 0.25 + 2.0).max()
    assert far < 1.2 * (0.95 * lesions.diameter_mm[0] + 2.4)


@pytest.mark.parametrize("tilt", [0.0, 40.0, 60.0])
def test_core_is_a_disc_of_the_table_s_diameter(tilt: float) -> None:
    buffer = patch(128, 0.2, tilt)
    lesions = sample_lesions("papule", [(0.0, 3.0), (5.0, -5.0), (-4.0, -4.0)])
    lesions = replace(lesions, diameter_mm=np.array([2.0, 4.0, 5.0]))
    place = sites(buffer, lesions)
    _, _, core = drawn(buffer, lesions)
    for i, d in enumerate(lesions.diameter_mm):
        y, x = np.nonzero(core == i + 1)
        wanted = np.pi * d**2 / 4 / 0.2**2 * np.cos(np.radians(tilt))
        assert abs(y.size / wanted - 1) < 0.10
        assert abs(x.mean() - place.x_px[i]) < 0.5
        assert abs(y.mean() - place.y_px[i]) < 0.5


def test_a_pixel_belongs_to_the_lesion_nearest_in_radii() -> None:
    lesions = sample_lesions("papule", [(-1.0, 0.0), (1.5, 0.0)])
    lesions = replace(lesions, diameter_mm=np.array([2.0, 4.0]))
    _, touched, core = drawn(patch(), lesions)
    middle = [round(63.5 + x / 0.25) for x in (-1.0, 1.5)]
    assert [core[64, x] for x in middle] == [1, 2]
    assert set(np.unique(touched)) == {0, 1, 2}
    boundary = round(63.5 + (-1.0 + 2.5 / 3) / 0.25)  # a third of the way, as 1 to 2
    assert touched[64, boundary - 2] == 1
    assert touched[64, boundary + 2] == 2


def test_same_bytes_whatever_was_drawn_before() -> None:
    buffer = patch()
    a = together([sample_lesions(s, [(x, 2.0 * x)]) for x, s in zip((-6.0, -2.0, 2.0, 6.0), COUNTED[2:], strict=False)])
    b = sample_lesions("nodule", [(0.0, 0.0), (4.0, 4.0)])
    first = drawn(buffer, a)
    primed = prime(buffer, LIGHTING)
    drawn(buffer, b, primed=primed)
    again = drawn(buffer, a, primed=primed)
    assert all(np.array_equal(x, y) for x, y in zip(first, again, strict=True))


@pytest.mark.parametrize("size", [16, 21])
def test_what_is_primed_can_be_read_back(size: int) -> None:
    """Blocks hold the buffer's rows, whatever their number."""
    buffer = patch(size, tilt_deg=30.0)
    primed = prime(buffer, LIGHTING)
    for name in ("spot", "normal", "view", "albedo"):
        assert np.array_equal(getattr(primed, name), getattr(buffer, name)), name


def test_hidden_and_averted_lesions_are_not_drawn() -> None:
    buffer, lesions = patch(), sample_lesions("papule", [(0.0, 0.0)])
    hidden = replace(lesions, visible=np.zeros(1, bool))
    light, touched, _ = drawn(buffer, hidden)
    assert not touched.any()
    assert np.array_equal(light, clear(buffer))
    place = sites(buffer, lesions)
    away = replace(place, normal=-place.normal)
    maps = draw(prime(buffer, LIGHTING), lesions, away, clear(buffer), dark=0.0, day=DAY, oil=1.0)
    assert not any(m.any() for m in maps)


@pytest.mark.parametrize("ita", list(MELANIN))
@pytest.mark.parametrize("stage", [*COUNTED, "hyperpigmentation"])
def test_the_faintest_counted_lesion_shows_on_every_skin(stage: str, ita: int) -> None:
    """1 mm, no redness of its own, at the scale of a 512 px face."""
    places = [(x + 0.1 * y, y) for x in (-12.0, -4.0, 4.0, 12.0) for y in (-9.0, 0.0, 9.0)]
    k = len(places)
    full = np.ones(k)
    lesions = replace(
        sample_lesions(stage, places, "small"), diameter_mm=full, erythema=0 * full, melanin=0 * full,
        height_mm=0.05 * full, plug=0.3 * full * (stage == "open_comedone"), counted=np.ones(k, bool),
    )  # fmt: skip
    buffer = patch(80, 0.457, melanin=MELANIN[ita])
    light, _, core = drawn(buffer, lesions, dark=float(np.clip((30 - ita) / 60, 0, 1)))
    change = np.abs(grey_levels(light) - grey_levels(clear(buffer))).mean(-1)
    contrast = [change[core == i].mean() for i in lesions.lesion_id]
    assert min(contrast) > CONTRAST_FLOOR


@pytest.mark.parametrize("ita", [45, -15])
def test_redness_rises_with_erythema_and_with_the_number_of_lesions(ita: int) -> None:
    buffer, dark = patch(melanin=MELANIN[ita]), float(np.clip((30 - ita) / 60, 0, 1))
    places = [(x, y) for x in (-6.0, 0.0, 6.0) for y in (-6.0, 0.0, 6.0)]

    def redness(n: int, erythema: float) -> float:
        lesions = replace(sample_lesions("papule", places[:n]), erythema=np.full(n, erythema))
        light = drawn(buffer, lesions, dark=dark)[0]
        return float((np.log(light[..., 0]) - np.log(light[..., 1])).mean())

    assert np.all(np.diff([redness(1, e) for e in (0.4, 0.6, 0.8, 1.0)]) > 0)
    assert np.all(np.diff([redness(n, 0.8) for n in (1, 3, 6, 9)]) > 0)


def redness_of(buffer: SkinBuffer, lesions: Lesions) -> np.ndarray:
    """How much redder each pixel got: change of the logarithm of red over green."""
    was, now = clear(buffer), drawn(buffer, lesions)[0]
    return np.log(now[..., 0] / now[..., 1]) - np.log(was[..., 0] / was[..., 1])


@pytest.mark.parametrize("size", SIZES)
def test_a_nodule_fades_from_its_middle_into_the_skin(size) -> None:
    """No disc: each ring is paler than the one within, by no great step."""
    lesions = sample_lesions("nodule", [(0.0, 0.0)], size)
    y, x = np.mgrid[:160, :160] - 79.5
    radii = np.hypot(x, y) * 0.25 / (0.5 * lesions.diameter_mm[0])
    red = redness_of(patch(160), lesions)
    rings = np.array([red[abs(radii - t) < 0.12].mean() for t in np.arange(0.0, 2.3, 0.2)])
    assert np.all(np.diff(rings) < 0.01)
    assert np.abs(np.diff(rings)).max() < 0.25 * rings[0]


@pytest.mark.parametrize("stage", ["papule", "pustule", "excoriation"])
def test_no_two_lesions_look_alike(stage: str) -> None:
    """Size and severity being the same: what differs comes from `shape`."""
    buffer = patch(64)
    drawings = [redness_of(buffer, sample_lesions(stage, [(0.0, 0.0)], shape=shape)) for shape in range(1, 9)]
    amount = np.array([red.clip(0).sum() for red in drawings])
    assert amount.std() > 0.05 * amount.mean()


def between(a: Lesions, b: Lesions, k: float) -> Lesions:
    """A lesion on its way from one look to another; the stage is `a`'s."""
    names = ("diameter_mm", "height_mm", "erythema", "melanin", "pus", "plug", "crust")
    return replace(a, **{n: (1 - k) * getattr(a, n) + k * getattr(b, n) for n in names})


@pytest.mark.parametrize(("first", "then"), [("papule", "pustule"), ("pustule", "crust"), ("crust", "papule")])
def test_a_stage_changes_nothing_by_itself(first: str, then: str) -> None:
    """Inflamed stages differ by their numbers alone, and a small step of the numbers is a small step of the picture."""
    buffer, place = patch(), [(0.0, 0.0)]
    a, b = sample_lesions(first, place), sample_lesions(then, place)
    renamed = replace(a, stage=np.full(1, STAGE_CODE[then], np.int8))
    assert np.array_equal(drawn(buffer, a)[0], drawn(buffer, renamed)[0])
    days = [grey_levels(drawn(buffer, between(a, b, k))[0]) for k in np.linspace(0, 1, 41)]
    whole = np.abs(days[-1] - days[0]).max()
    assert max(np.abs(y - x).max() for x, y in pairwise(days)) < 0.2 * whole


def test_healing_hands_over_to_the_mark() -> None:
    """The last day of a papule, flat and half as red, looks almost like the first of its mark."""
    buffer, place = patch(), [(0.0, 0.0)]
    last = replace(sample_lesions("papule", place), height_mm=np.array([0.12]), erythema=np.array([0.40]))
    mark = replace(sample_lesions("erythema", place), erythema=np.array([0.36]))
    a, b = (grey_levels(drawn(buffer, x)[0]) for x in (last, mark))
    assert np.abs(a - b).mean(-1).max() < 22


def test_refuses_light_that_it_cannot_change_in_place() -> None:
    buffer, lesions = patch(), sample_lesions("papule", [(0.0, 0.0)])
    with pytest.raises(ValueError, match="light"):
        draw(
            prime(buffer, LIGHTING),
            lesions,
            sites(buffer, lesions),
            clear(buffer).astype(float),
            dark=0.0,
            day=DAY,
            oil=1.0,
        )
