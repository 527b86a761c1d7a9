"""Where lesions may lie: on skin of every type, in light and in shade, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.chart import region_of
from nof1sim.errors import RenderError
from nof1sim.model import Nuisance
from nof1sim.render.base import PART_CODE
from nof1sim.render.portrait.patch import flat_map
from nof1sim.render.portrait.photograph import from_pixels
from nof1sim.render.portrait.prepare import prepare

from .faces import person

CASES = {
    "fair, lamp": (60, 0, "F", Nuisance(light_hard=1.0)),
    "medium, noisy, blurred, beard": (35, 6, "M", Nuisance(noise=2.0, blur_px=2.0, beard=1.0)),
    "brown, cap": (-10, 4, "M", Nuisance(light_side=1.0, light_hard=1.0)),
    "dark, underexposed": (-45, 2, "F", Nuisance(light_side=1.0, exposure_ev=-0.6)),
    "dark, hard shade": (-50, 8, "F", Nuisance(light_side=-1.0, light_room=0.4, light_hard=1.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_skin_is_found_and_nothing_else(name: str) -> None:
    ita, rank, sex, nuisance = CASES[name]
    p = person(ita, rank=rank, sex=sex, age=28, nuisance=nuisance)
    skin = prepare(p.photograph, p.face).skin > 0.5
    parts, chart, normals = (p.render.layers[layer] for layer in ("parts", "chart", "normals"))
    assert (parts[skin] != PART_CODE["skin"]).mean() <= 0.005
    region = region_of(np.nan_to_num(chart[..., 0], nan=999), np.nan_to_num(chart[..., 1], nan=999))
    could = (region >= 0) & (parts == PART_CODE["skin"]) & (normals[..., 2] > 0.3)
    assert skin[could].mean() > 0.93


def test_glasses_and_a_bandage_are_no_skin() -> None:
    p = person(20, rank=3)
    pixels = p.photograph.pixels.copy()
    x, y = p.face.chart[..., 0], p.face.chart[..., 1]
    frame = (np.abs(y + 16) < 2.5) & (np.abs(x) > 10) & (np.abs(x) < 60)
    band = (np.abs(y - 42) < 9) & (np.abs(x) < 60)
    pixels[frame], pixels[band] = (25, 22, 22), (225, 226, 228)
    skin = prepare(from_pixels(pixels), p.face).skin
    assert (skin[frame] > 0.5).mean() < 0.03
    assert (skin[band] > 0.5).mean() < 0.03
    assert (skin[(np.abs(x) < 45) & (np.abs(x) > 25) & (np.abs(y + 38) < 8)] > 0.5).mean() > 0.95


def test_a_patch_is_skin_all_over_but_for_what_lies_on_it() -> None:
    pixels = person(30, size=256, view="patch", rank=1).photograph.pixels.copy()
    pixels[20:90, 30:120] = (60, 90, 170)
    skin = prepare(from_pixels(pixels), flat_map((256, 256), 48 / 256)).skin
    assert (skin[24:86, 34:116] < 0.5).all()
    assert (skin[110:250, 10:246] > 0.5).mean() > 0.97


def test_no_skin_is_an_error_that_says_so() -> None:
    p = person(30)
    wall = np.full_like(p.photograph.pixels, (90, 140, 200))
    wall[::2] -= 7
    with pytest.raises(RenderError, match="cm2 of skin"):
        prepare(from_pixels(wall), p.face)


def test_a_map_of_another_picture_is_refused() -> None:
    p = person(30)
    with pytest.raises(RenderError, match="this very picture"):
        prepare(p.photograph, flat_map((100, 100), 0.2))


def test_an_impossible_scale_is_refused() -> None:
    with pytest.raises(RenderError, match="mm_per_px"):
        flat_map((100, 100), 3.0)
