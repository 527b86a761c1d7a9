from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import Patient
from nof1sim.patches import draw
from nof1sim.patches.camera import developed
from nof1sim.patches.draw import Studio, _grown, photograph
from nof1sim.patches.geometry import SIDE_MM, Frame, Square, frame_of, locate, place, square_of
from nof1sim.patches.piece import BLOOD, draw_piece, melanin_of
from nof1sim.patches.shot import Shot, draw_shot
from nof1sim.patches.sites import SITES
from nof1sim.patches.strip import COVER, WIDTH, A, X
from nof1sim.patches.strip import SIZE as STRIP
from nof1sim.patches.tiles import tiles
from nof1sim.render.skin import chromophores, sample_lesions
from nof1sim.render.skin.records import HALF, records

SIZE = 64
NONE = sample_lesions("erythema", [])
SOME = sample_lesions("papule", [(0.0, 0.0), (8.0, 5.0), (-9.0, 4.0)], "large")


def _piece(number: int = 1, ita_deg: float = 35.0, sites: tuple[str, ...] = tuple(SITES)):
    patient = Patient(f"P{number}", str(number), number, 30.0, "F", ita_deg, 3)
    return draw_piece(patient, 0, ("piece", number), sites)


def _placed(frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chart places, spots and cover of all pixels."""
    strips = np.zeros((SIZE, STRIP), np.float32)
    for row, strip in enumerate(strips):
        place(frame, row, 0, strip)
    channels = [strips[:, k * WIDTH :][:, :SIZE].ravel() for k in range(STRIP // WIDTH)]
    x, a, cover = X // WIDTH, A // WIDTH, COVER // WIDTH
    return np.stack(channels[x : x + 2], -1), np.stack(channels[a : a + 3], -1), channels[cover]


def _taken(number: int, lesions=NONE, shot: Shot | None = None):
    piece, shot = _piece(number), shot or Shot()
    return photograph(Studio(piece, square_of(piece, shot)), lesions, shot, SIZE, 0, ("picture", number))


@pytest.mark.parametrize("number", range(6))
def test_without_nuisance_nothing_changes_outside_of_what_lesions_touch(number):
    clear, ill = _taken(number), _taken(number, SOME)
    changed = (clear.pixels != ill.pixels).any(-1)
    assert changed.any()
    assert not (changed & ~ill.support).any()
    assert ((ill.core > 0) <= ill.support).all()


@pytest.mark.parametrize("number", range(4))
def test_a_shot_carries_a_change_no_farther_than_the_support_says(number):
    shot = draw_shot(3, ("shot", number), 1.0)
    clear, ill = _taken(number, NONE, shot), _taken(number, SOME, shot)
    assert not ((clear.pixels != ill.pixels).any(-1) & ~ill.support).any()


def test_lesions_find_all_the_pixels_that_they_reach(monkeypatch):
    def everywhere(*given):
        found, ids = records(*given)
        found[:, HALF] = 10 * SIZE
        return found, ids

    few = _taken(4, SOME)
    monkeypatch.setattr(draw, "records", everywhere)
    every = _taken(4, SOME)
    assert (few.pixels == every.pixels).all()
    assert (few.core == every.core).all()
    assert (few.support == every.support).all()


def test_a_picture_does_not_depend_on_the_one_before():
    first = _taken(2, SOME)
    _taken(3, SOME, draw_shot(1, ("other",), 1.0))
    assert (first.pixels == _taken(2, SOME).pixels).all()


def test_a_lesion_lies_where_its_chart_place_is_and_has_its_size():
    piece = _piece(5, sites=("back",))
    frame = frame_of(piece, Shot(), 128)
    lesions = sample_lesions("papule", [(3.0, -4.0)], "large")
    core = photograph(Studio(piece, Square(60.0)), lesions, Shot(), 128, 0, ("x",)).core
    rows, columns = np.nonzero(core)
    at = locate(frame, lesions.x_mm, lesions.y_mm)
    assert abs(columns.mean() - at.x_px[0]) < 1
    assert abs(rows.mean() - at.y_px[0]) < 1
    assert rows.size * frame.pixel**2 == pytest.approx(np.pi * 2.3**2, rel=0.15)


@pytest.mark.parametrize("site", SITES)
def test_the_chart_goes_to_the_picture_and_back(site):
    piece = _piece(7, sites=(site,))
    frame = frame_of(piece, draw_shot(0, ("there",), 1.0), SIZE)
    chart, spot, cover = _placed(frame)
    inside = np.flatnonzero(cover > 4)
    back = locate(frame, chart[inside, 0], chart[inside, 1])
    assert np.abs(back.x_px - inside % SIZE).max() < 0.35
    assert np.abs(back.y_px - inside // SIZE).max() < 0.35
    assert np.abs(back.spot - spot[inside]).max() < 0.35 * frame.pixel + 0.05


@pytest.mark.parametrize("middle", [True, False])
@pytest.mark.parametrize("number", range(12))
def test_all_skin_in_a_picture_lies_within_the_square(number, middle):
    piece, shot = _piece(number), draw_shot(0, ("there", number), 1.0)
    chart, _, cover = _placed(frame_of(piece, shot, SIZE))
    square = square_of(piece, shot, middle=middle)
    away = np.abs(chart[cover > 1] - (square.x, square.y)).max()
    assert square.side >= SIDE_MM
    assert away <= 0.5 * square.side + 0.5
    assert square.x == square.y == 0 if middle else square.side <= max(2.2 * away + 1.5, SIDE_MM)


def test_a_mask_grows_by_its_reach_along_both_axes():
    mask = np.zeros((9, 12), bool)
    mask[4, [0, 3, 9]] = True
    wanted = np.zeros_like(mask)
    wanted[2:7, [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]] = True
    assert (_grown(mask, 2) == wanted).all()
    assert (_grown(mask, 0) == mask).all()


@pytest.mark.parametrize("ita_deg", [57.0, 48.0, 35.0, 19.0, -10.0, -40.0])
def test_evenly_lit_skin_has_the_tone_that_was_asked_for(ita_deg):
    shown = developed(chromophores.albedo(np.float32(melanin_of(ita_deg, BLOOD)), np.float32(BLOOD)))
    assert float(chromophores.ita_deg(chromophores.lab(shown))) == pytest.approx(ita_deg, abs=0.5)


def test_darker_types_are_darker_in_the_picture():
    means = []
    for ita_deg in (55.0, 30.0, -5.0, -45.0):
        piece = _piece(11, ita_deg, ("back",))
        means.append(photograph(Studio(piece, Square(60.0)), NONE, Shot(), SIZE, 0, ("x",)).pixels.mean())
    assert means == sorted(means, reverse=True)
    assert means[0] > means[-1] + 50


def test_a_neutral_shot_is_the_default_and_the_dial_scales_it():
    assert draw_shot(1, ("a",), 0.0) == Shot()
    half, full = draw_shot(1, ("a",), 0.5), draw_shot(1, ("a",), 1.0)
    assert full.turn_deg == pytest.approx(2 * half.turn_deg)
    assert 40 <= full.jpeg_quality <= half.jpeg_quality <= 95


def test_tiles_have_no_seam():
    lines = tiles().lines[0].view("i1").reshape(*tiles().lines[0].shape, 4)
    for tile in (lines[..., 2].astype(float), tiles().broad[..., 0], tiles().dots[0].astype(float)):
        assert (tile[0] == tile[-1]).all()
        assert (tile[:, 0] == tile[:, -1]).all()
        seam = np.abs(tile[0] - tile[-2]).mean()
        assert seam < 2 * np.abs(tile[1] - tile[0]).mean() + 1e-3
