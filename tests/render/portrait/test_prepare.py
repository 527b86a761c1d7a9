"""What is estimated from a photograph: light, pigment, tone, sharpness, noise; and that it adds up."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import Nuisance
from nof1sim.render.portrait.prepare import prepare
from nof1sim.render.procedural.light import FILL, KEY, STRENGTH, mix

from .faces import person


def _unit(v) -> np.ndarray:
    return np.asarray(v, float) / np.linalg.norm(v)


def _direction(nuisance: Nuisance) -> np.ndarray:
    """Of the lamps' sum, camera axes."""
    power = mix(nuisance) * STRENGTH
    return _unit((power[0] + power[4]) * _unit(KEY) + power[1] * _unit(FILL))


@pytest.mark.parametrize(("ita", "rank"), [(50, 1), (-45, 1)])
def test_the_light_comes_from_where_it_came_from(ita: float, rank: int) -> None:
    found = {}
    for side in (-1.0, 1.0):
        nuisance = Nuisance(light_side=side, light_hard=1.0)
        p = person(ita, rank=rank, nuisance=nuisance)
        canvas = prepare(p.photograph, p.face)
        found[side] = canvas.shading.direction
        assert np.degrees(np.arccos(found[side] @ _direction(nuisance))) < 20
    assert found[-1.0][0] < -0.2 < 0.2 < found[1.0][0]


def test_flat_light_is_told_from_a_lamp() -> None:
    lamp, room = (
        prepare((p := person(50, rank=1, nuisance=n)).photograph, p.face).shading.ambient
        for n in (Nuisance(light_hard=1.0, light_room=0.3), Nuisance(light_key=0.1, light_fill=0.1, light_room=6.0))
    )
    assert room > lamp + 0.25


@pytest.mark.parametrize(("ita", "rank"), [(60, 0), (50, 1), (10, 3), (-10, 4), (-45, 1)])
def test_tone_and_melanin_of_a_plain_photograph(ita: float, rank: int) -> None:
    p = person(ita, rank=rank)
    canvas = prepare(p.photograph, p.face)
    assert canvas.ita_deg == pytest.approx(ita, abs=7)
    assert canvas.dark == pytest.approx(np.clip((30 - ita) / 60, 0, 1), abs=0.12)
    melanin, blood = p.renderer.plate(p.view).typical
    assert np.log(canvas.tone.melanin / melanin) == pytest.approx(0, abs=0.25)
    assert np.log(np.median(canvas.buffer.melanin) / melanin) == pytest.approx(0, abs=0.35)
    assert np.log(np.median(canvas.buffer.blood) / blood) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("ita", [50, -45])
def test_the_buffer_adds_up_to_the_photograph(ita: float) -> None:
    p = person(ita, rank=1, nuisance=Nuisance(blur_px=1.0))  # no grain: nothing is smoothed
    canvas = prepare(p.photograph, p.face)
    b = canvas.buffer
    assert canvas.finish.smooth_px == 0
    total = (b.light * b.albedo[:, None]).sum(1) * b.through + (b.gloss.sum(1) * b.sheen)[:, None]
    np.testing.assert_allclose(total, canvas.light.reshape(-1, 3)[b.pixel], rtol=1e-4, atol=1e-6)
    assert np.isfinite(b.flow).all()
    assert (b.light >= 0).all()
    assert (b.gloss >= 0).all()


def test_highlights_are_found_where_they_are() -> None:
    dull, oily = (
        prepare((p := person(10, rank=3, nuisance=Nuisance(oil=oil))).photograph, p.face) for oil in (0.2, 2.5)
    )
    assert oily.shading.gloss.sum() > 1.5 * dull.shading.gloss.sum()
    assert oily.buffer.oil[0] >= dull.buffer.oil[0]


@pytest.mark.parametrize("ita", [50, -45])
def test_blur_is_measured(ita: float) -> None:
    known, found = [], []
    for blur in (0.0, 1.2, 2.4):
        p = person(ita, size=256, rank=1, nuisance=Nuisance(blur_px=2 * blur))
        known.append(np.hypot(0.55, blur))
        found.append(prepare(p.photograph, p.face).finish.blur_px)
    np.testing.assert_allclose(found, known, rtol=0.25, atol=0.15)


def test_noise_is_measured() -> None:
    found = [
        prepare((p := person(50, rank=1, nuisance=Nuisance(noise=noise))).photograph, p.face).finish.noise
        for noise in (0.0, 2.0, 4.0)
    ]
    assert found[0] < 1.5 < found[1] < found[2]
    assert found[2] / found[1] == pytest.approx(2.0, rel=0.3)
