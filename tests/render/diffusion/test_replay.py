"""Paint once, replay daily: passes that never touch, densities that give the painting back, bytes that stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from nof1sim.chart import KEY_POINTS
from nof1sim.model import STAGES, LesionField, Lesions, Patient
from nof1sim.render.diffusion.days import Day, amplitude, compose
from nof1sim.render.diffusion.episodes import Episodes, Passes, episodes_of, pass_mask, plan_passes
from nof1sim.render.diffusion.residuals import stamps_of, to_bytes, to_linear
from nof1sim.render.skin.warp import ChartWarp, fit_warp

SIZE = 256
PAPULE, MARK = STAGES.index("papule"), STAGES.index("erythema")


@pytest.fixture(scope="module")
def warp() -> ChartWarp:
    """A face straight ahead at 1.1 px per mm."""
    return fit_warp({name: (128 + 1.1 * x, 112 - 1.1 * y) for name, (x, y) in KEY_POINTS.items()})


def course(n: int, seed: int = 0, spread: float = 55.0) -> LesionField:
    rng = np.random.Generator(np.random.Philox(seed))
    columns = {
        "lesion_id": np.arange(1, n + 1),
        "x_mm": rng.uniform(-spread, spread, n),
        "y_mm": rng.uniform(-90, 50, n),
        "kind": np.where(np.arange(n) % 3 == 0, STAGES.index("open_comedone"), PAPULE).astype(np.int32),
        "birth_day": rng.integers(-5, 60, n),
        "peak_diameter_mm": rng.uniform(1.5, 6, n),
        "peak_erythema": np.full(n, 0.9),
    }
    return LesionField(Patient("P001", "1", 0, 20.0, "F", 40.0, 2), 70, columns, np.zeros(70, np.int64))


def on_day(field: LesionField, rows: list[int], stage: int = PAPULE, size: float = 1.0, red: float = 0.9) -> Lesions:
    c, n = field.columns, len(rows)
    flat, true = np.zeros(n), np.ones(n, bool)
    return Lesions(
        c["lesion_id"][rows], c["x_mm"][rows], c["y_mm"][rows], np.full(n, stage, np.int8),
        c["peak_diameter_mm"][rows] * size, flat, np.full(n, red), flat, flat, flat, flat, np.arange(n), true, true,
    )  # fmt: skip


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return np.stack([190 + x // 16, 150 + y // 16, 120 + (x + y) // 32], -1).astype(np.uint8)


def reddened(portrait: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A painter whose lesions are known: half the green and blue light gone."""
    painted = to_bytes(to_linear(portrait) * np.array([1.0, 0.5, 0.5]))
    return np.where(mask[..., None] > 0, painted, portrait)


Painted = tuple[LesionField, Episodes, Callable[[Lesions], Day]]


@pytest.fixture(scope="module")
def painted(warp: ChartWarp, portrait: np.ndarray) -> Painted:
    field = course(40)
    episodes = episodes_of(field, warp, SIZE)
    passes = plan_passes(episodes, 20)
    pictures = [reddened(portrait, pass_mask(episodes, one.rows, SIZE)) for one in passes.each]
    stamps = stamps_of(episodes, passes, portrait, pictures)
    return field, episodes, lambda lesions: compose(portrait, episodes, stamps, lesions)


def test_lesions_of_a_pass_never_touch_and_every_lesion_has_a_painting(warp: ChartWarp) -> None:
    episodes = episodes_of(course(300, spread=15.0), warp, SIZE)
    passes = plan_passes(episodes, 20)
    assert len(passes.each) <= 20
    placed = [row for one in passes.each for row in one.rows]
    assert sorted([*placed, *passes.lent]) == list(range(300))
    assert passes.lent  # so dense a face needs loans, or this test shows nothing
    for one in passes.each:
        apart = np.linalg.norm(
            episodes.centre_px[list(one.rows)][:, None] - episodes.centre_px[list(one.rows)], axis=-1
        )
        reach = episodes.reach_px[list(one.rows)]
        assert (apart + 1e9 * np.eye(len(reach)) > reach[:, None] + reach).all()
        assert len({int(episodes.kind[row]) for row in one.rows}) == 1
    assert all(episodes.kind[row] == episodes.kind[lender] for row, lender in passes.lent.items())


def test_a_lesion_s_place_in_the_passes_depends_on_earlier_births_alone(warp: ChartWarp) -> None:
    field = course(120)
    early = field.columns["birth_day"] < 30
    cut = replace(field, columns={name: values[early] for name, values in field.columns.items()})
    whole, part = (episodes_of(one, warp, SIZE) for one in (field, cut))
    where = [
        {
            int(episodes.lesion_id[row]): number
            for number, one in enumerate(plan_passes(episodes, 400).each)
            for row in one.rows
        }
        for episodes in (whole, part)
    ]
    same_look_order = {lesion: where[0][lesion] for lesion in where[1]}
    assert same_look_order == where[1]


def test_a_day_at_the_height_gives_the_painting_back(painted: Painted, portrait: np.ndarray) -> None:
    field, episodes, day_of = painted
    for row in (1, 2, 4):
        day = day_of(on_day(field, [row]))
        x, y = np.rint(episodes.centre_px[list(episodes.lesion_id).index(row + 1)]).astype(int)
        wanted = to_bytes(to_linear(portrait[y, x]) * np.array([1.0, 0.5, 0.5])).astype(int)
        assert np.abs(day.pixels[y, x].astype(int) - wanted).max() <= 2


def test_outside_the_support_the_bytes_are_the_portrait_s(painted: Painted, portrait: np.ndarray) -> None:
    field, _, day_of = painted
    day = day_of(on_day(field, list(range(40))))
    changed = (day.pixels != portrait).any(-1)
    assert changed.any()
    assert not (changed & (day.support == 0)).any()
    assert ((day.lesion == 0) | (day.support > 0)).all()
    assert (day.drawn, day.lacking) == (40, 0)
    assert np.array_equal(day_of(on_day(field, [])).pixels, portrait)


def test_redness_and_size_follow_the_table(painted: Painted, portrait: np.ndarray) -> None:
    field, _, day_of = painted
    change = [
        np.abs(day_of(on_day(field, [1, 2], red=red)).pixels.astype(int) - portrait).sum() for red in (0.2, 0.5, 0.9)
    ]
    assert change[0] < change[1] < change[2]
    areas = [(day_of(on_day(field, [1, 2], size=size)).lesion > 0).sum() for size in (0.5, 0.75, 1.0)]
    assert areas[0] < areas[1] < areas[2]
    diameter = field.columns["peak_diameter_mm"][[1, 2]]
    assert areas[2] == pytest.approx((np.pi / 4 * diameter**2).sum() * 1.1**2, rel=0.1)


def test_a_lesion_keeps_its_place_from_day_to_day(painted: Painted) -> None:
    field, episodes, day_of = painted
    for stage, red in ((PAPULE, 0.9), (PAPULE, 0.4), (MARK, 0.7)):
        day = day_of(on_day(field, [5], stage=stage, red=red))
        centre = np.argwhere(day.lesion == 6).mean(0)[::-1]
        assert np.abs(centre - episodes.centre_px[list(episodes.lesion_id).index(6)]).max() < 0.6


def test_a_mark_is_flat_and_red_whatever_was_painted(painted: Painted, portrait: np.ndarray) -> None:
    field, episodes, day_of = painted
    day = day_of(on_day(field, [3], stage=MARK, red=1.0))  # row 3: painted as a blackhead
    x, y = np.rint(episodes.centre_px[list(episodes.lesion_id).index(4)]).astype(int)
    was, now = portrait[y, x].astype(int), day.pixels[y, x].astype(int)
    assert (now - was)[1] < (now - was)[0] - 5
    assert amplitude(MARK, 1.0, 0.9) == 0


def test_a_painting_that_failed_is_raised_or_reported(warp: ChartWarp, portrait: np.ndarray) -> None:
    episodes = episodes_of(course(6), warp, SIZE)
    passes = plan_passes(episodes, 20)
    pale = [to_bytes(to_linear(portrait) * np.array([1.0, 0.95, 0.95])) for _ in passes.each]
    assert all(1 < stamp.raised <= 4 and not stamp.faint for stamp in stamps_of(episodes, passes, portrait, pale))
    assert all(stamp.faint for stamp in stamps_of(episodes, passes, portrait, [portrait] * len(passes.each)))


def test_a_lesion_beside_the_portrait_is_counted_as_lacking(painted: Painted) -> None:
    field, _, day_of = painted
    stranger = replace(on_day(field, [1]), lesion_id=np.array([999]))
    assert (day_of(stranger).drawn, day_of(stranger).lacking) == (0, 1)


def test_passes_type() -> None:
    nothing = np.zeros(0)
    empty = Episodes(
        nothing.astype(int), nothing.astype(int), nothing, nothing, np.zeros((0, 2)), np.zeros((0, 2, 2)), nothing
    )
    assert plan_passes(empty, 20) == Passes((), {})
