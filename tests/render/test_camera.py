"""A camera for flat pictures: labels and key points go where the pixels go; without nuisance nothing changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nof1sim.model import Nuisance
from nof1sim.render.camera import DRAWN, IGNORED, shoot

SIZE = 96
AT = (3, "P001", 4, "front")


@pytest.fixture
def picture() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:SIZE, :SIZE]
    base = np.stack([150 + x // 4, 110 + y // 4, np.full_like(x, 100)], -1).astype(np.uint8)
    label = np.where((x - 60) ** 2 + (y - 40) ** 2 < 36, 7, 0).astype(np.int32)
    base[label > 0] = (200, 40, 40)
    return base, label


def test_the_fields_are_those_of_a_nuisance_each_once() -> None:
    assert sorted(DRAWN + IGNORED) == sorted(Nuisance.__dataclass_fields__)


def test_without_nuisance_the_bytes_are_the_picture_s(picture: tuple) -> None:
    shot = shoot(*picture, picture[1], {"tip": (60.0, 40.0)}, Nuisance(), AT)
    assert np.array_equal(shot.pixels, picture[0])
    assert np.array_equal(shot.lesion, picture[1])
    assert shot.points_px == {"tip": (60.0, 40.0)}


@pytest.mark.parametrize(
    "moved", [{"roll_deg": 9.0}, {"scale": 1.2}, {"shift_x": 0.1, "shift_y": -0.08}, {"roll_deg": -6.0, "scale": 0.9}]
)
def test_labels_and_points_follow_the_pixels(picture: tuple, moved: dict[str, float]) -> None:
    shot = shoot(*picture, picture[1], {"tip": (60.0, 40.0)}, Nuisance(**moved), AT)
    red = np.argwhere((shot.pixels[..., 0] > 180) & (shot.pixels[..., 1] < 70)).mean(0)
    own = np.argwhere(shot.lesion == 7).mean(0)
    assert np.abs(red - own).max() < 0.5
    assert np.abs(np.array(shot.points_px["tip"])[::-1] - own).max() < 0.5
    assert np.abs(own - [40, 60]).max() > 1


def test_a_blur_widens_the_support_and_stays_within(picture: tuple) -> None:
    clear = picture[0].copy()
    clear[picture[1] > 0] = clear[20, 20]
    soft = Nuisance(blur_px=10.0)
    with_lesion = shoot(*picture, picture[1], {}, soft, AT)
    without = shoot(clear, picture[1] * 0, picture[1] * 0, {}, soft, AT)
    differ = (with_lesion.pixels != without.pixels).any(-1)
    assert differ.sum() > (picture[1] > 0).sum()
    assert not (differ & (with_lesion.support == 0)).any()
    assert np.array_equal(with_lesion.lesion, picture[1])


def test_every_kind_that_is_drawn_shows(picture: tuple) -> None:
    values = {"exposure_ev": 0.5, "white_balance_k": 800.0, "tint": 0.1, "noise": 1.0, "contrast": 0.3,
              "saturation": 0.6, "blur_px": 8.0}  # fmt: skip
    for name, value in values.items():
        shot = shoot(*picture, picture[1], {}, replace(Nuisance(), **{name: value}), AT)
        assert not np.array_equal(shot.pixels, picture[0]), name
    brighter = shoot(*picture, picture[1], {}, Nuisance(exposure_ev=0.5), AT).pixels
    assert brighter.mean() > picture[0].mean() + 10


def test_noise_is_that_of_the_address(picture: tuple) -> None:
    noisy = Nuisance(noise=1.0)
    first, again, other = (
        shoot(*picture, picture[1], {}, noisy, at).pixels for at in (AT, AT, (3, "P001", 5, "front"))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
