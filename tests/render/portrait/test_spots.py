"""Existing spots: found where lesions are, not where none are; moles told apart; faded without a trace elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nof1sim_test_edits import DARK, LIGHT, canvas, patch, photographed

from nof1sim.model import INFLAMMATORY, STAGES
from nof1sim.render.portrait.compose import compose
from nof1sim.render.portrait.pigments import BLOOD_RGB, MELANIN_RGB, pigment_sums
from nof1sim.render.portrait.reduce import reduced
from nof1sim.render.portrait.spots import find_spots
from nof1sim.render.skin import sample_lesions

CHEEKS = [(-45.0, -30.0), (-50.0, -45.0), (45.0, -28.0), (48.0, -45.0), (-15.0, 40.0), (20.0, 42.0)]
SIZE = 512


def hits(photo, spots, places, within_mm=1.5):
    """Which chart places have a red spot."""
    sites = photo.face.place(*(np.array(axis, float) for axis in zip(*places, strict=True)))
    red = spots.inflamed
    far = np.hypot(sites.x_px[:, None] - spots.x_px[red], sites.y_px[:, None] - spots.y_px[red])
    return (far * photo.face.mm_per_px <= within_mm).any(axis=1)


@pytest.mark.parametrize("ita", [LIGHT, DARK])
def test_papules_are_found_and_clear_skin_shows_few_spots(ita):
    clear = canvas(ita, size=SIZE)
    assert find_spots(clear).count <= 7
    picture = compose(clear, sample_lesions("papule", CHEEKS, "large"))
    photo = replace(clear, photograph=replace(clear.photograph, pixels=picture.pixels))
    spots = find_spots(photo)
    assert hits(photo, spots, CHEEKS).sum() >= 5
    assert spots.count <= find_spots(clear).count + 8
    assert spots.red_share > find_spots(clear).red_share


def test_most_lesions_of_a_simulated_face_are_found():
    photo = canvas(severity=1.5, size=SIZE)
    render, spots = photographed(severity=1.5, size=SIZE), find_spots(canvas(severity=1.5, size=SIZE))
    middle = render.boxes_px[:, :2] + 0.5 * render.boxes_px[:, 2:] - 0.5
    red = spots.inflamed
    far = np.hypot(middle[:, :1] - spots.x_px[red], middle[:, 1:] - spots.y_px[red]) * photo.face.mm_per_px
    assert 20 <= spots.count <= 80  # of 41 inflammatory lesions, with comedones that have reddened
    assert (far.min(axis=0) < 2.5).mean() > 0.7
    assert spots.left + spots.right == spots.count


def test_brown_marks_are_no_lesions_and_are_not_faded():
    clear = canvas(size=SIZE)
    picture = compose(clear, sample_lesions("hyperpigmentation", CHEEKS, "large"))
    photo = replace(clear, photograph=replace(clear.photograph, pixels=picture.pixels))
    spots = find_spots(photo)
    assert not hits(photo, spots, CHEEKS).any()
    assert (~spots.inflamed).sum() >= 4
    only_brown = replace(spots, kind=np.maximum(spots.kind, 1))
    same, support = reduced(photo, only_brown, 1.0)
    assert same is photo
    assert not support.any()


def test_reduction_takes_redness_and_keeps_the_rest():
    clear = canvas(size=SIZE)
    picture = compose(clear, sample_lesions("papule", CHEEKS, "large"))
    photo = replace(clear, photograph=replace(clear.photograph, pixels=picture.pixels))
    spots = find_spots(photo)
    found = hits(photo, spots, CHEEKS)
    sites = photo.face.place(*(np.array(axis, float) for axis in zip(*CHEEKS, strict=True)))
    cores = [picture.lesion == number for number, ok in enumerate(found, 1) if ok]
    assert len(cores) >= 5
    assert np.isfinite(sites.x_px).all()

    def redness(pixels, core):
        red, green = pixels[core][:, 0].astype(float), pixels[core][:, 1].astype(float)
        return np.log(red / green).mean()

    halfway, whole = (reduced(photo, spots, amount) for amount in (0.5, 1.0))
    for core in cores:
        before, middle, after, truth = (
            redness(p, core)
            for p in (picture.pixels, halfway[0].photograph.pixels, whole[0].photograph.pixels, clear.photograph.pixels)
        )
        assert after - truth < 0.35 * (before - truth)
        assert after < middle < before
    for other, support in (halfway, whole):
        assert (other.photograph.pixels == picture.pixels)[~support].all()
        assert (other.photograph.pixels != picture.pixels).any(-1)[support].all()
    assert support.mean() < 0.05
    skin = support & (clear.skin > 0.9)
    grain = [
        np.diff(p[..., 1].astype(float), axis=1)[skin[:, 1:]].std()
        for p in (clear.photograph.pixels, whole[0].photograph.pixels)
    ]
    assert 0.6 < grain[1] / grain[0] < 1.4  # neither wiped out nor rough


def test_nothing_to_fade_is_the_same_canvas():
    photo = canvas(size=SIZE)
    same, support = reduced(photo, find_spots(photo), 0.0)
    assert same is photo
    assert not support.any()


def test_a_patch_without_a_face_is_searched_all_over():
    clear = patch()
    places = [(-12.0, 10.0), (0.0, 0.0), (12.0, -9.0), (-10.0, -12.0)]
    picture = compose(clear, sample_lesions("papule", places))
    photo = replace(clear, photograph=replace(clear.photograph, pixels=picture.pixels))
    assert hits(photo, find_spots(photo), places).sum() >= 3


def test_pigments_are_told_apart_whatever_the_light():
    """A pixel darkened by a lamp, by melanin or by blood moves along its own axis alone."""
    skin = np.ones((8, 8), np.float32)
    base = np.array([0.45, 0.27, 0.19])
    moved = {}
    for name, change in (("light", (1, 1, 1)), ("melanin", MELANIN_RGB), ("blood", BLOOD_RGB)):
        both = []
        for amount in (0.0, -0.3 if name == "light" else 0.3):
            linear = base * np.exp(amount * np.array(change))
            shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
            pixels = np.tile(np.rint(255 * shown).astype(np.uint8), (8, 8, 1))
            both.append(pigment_sums(pixels, skin, (0, 0, 8, 8), 2)[0, 0])
        moved[name] = both[1] - both[0]
    assert moved["blood"][:3] == pytest.approx([0.3, 0, 0], abs=0.06)
    assert moved["melanin"][:3] == pytest.approx([0, 0.3, 0], abs=0.06)
    assert moved["light"][:3] == pytest.approx([0, 0, -0.3], abs=0.06)


def test_every_inflammatory_stage_is_red_enough_to_be_a_spot():
    clear = canvas(size=SIZE)
    for stage in INFLAMMATORY:
        assert stage in STAGES
        picture = compose(clear, sample_lesions(stage, CHEEKS, "typical"))
        photo = replace(clear, photograph=replace(clear.photograph, pixels=picture.pixels))
        assert hits(photo, find_spots(photo), CHEEKS).sum() >= 3, stage
