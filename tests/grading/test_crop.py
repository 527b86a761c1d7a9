"""Faces cut out of photographs: from key points, in a fixed frame, or whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nof1sim.errors import InputError
from nof1sim.grading.crop import box_of_points, cut, framed, photographed
from nof1sim.grading.examples import Asked
from nof1sim.grading.pictures import load_pictures
from nof1sim.grading.sources import read_examples
from nof1sim.render.portrait.landmarks import Landmarks

POINTS = {
    "pupil_right": (70.0, 80.0), "pupil_left": (110.0, 80.0), "pronasale": (90.0, 100.0),
    "cheilion_right": (75.0, 120.0), "cheilion_left": (105.0, 120.0), "menton": (90.0, 145.0),
}  # fmt: skip


def photograph(path: Path, width: int = 200, height: int = 160) -> None:
    """Blue everywhere, red around the face."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 2] = 200
    pixels[60:150, 60:120] = (200, 120, 100)
    Image.fromarray(pixels).save(path)


def test_a_box_around_key_points_is_square_with_room_for_the_forehead() -> None:
    left, top, right, bottom = box_of_points(POINTS)
    assert right - left == pytest.approx(bottom - top)
    assert left < 70
    assert right > 110
    assert 80 - top > bottom - 145 > 0


def test_what_lies_outside_is_grey() -> None:
    pixels = np.full((10, 20, 3), 200, np.uint8)
    out = cut(pixels, (-10, -10, 10, 10), 20)
    assert out.shape == (20, 20, 3)
    assert (out[0, 0] == 127).all()
    assert (out[-1, -1] == 200).all()


def test_the_fixed_frame_keeps_the_middle() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[48:59, 45:55] = 255  # the frame runs from 20 to 87 % down
    out = framed(pixels, 80)
    assert (out.how, out.pixels.shape) == ("frame", (80, 80, 3))
    assert out.pixels[38:42, 38:42].min() > 200


def test_a_sidecar_goes_before_a_detector_before_the_whole_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    photograph(path)

    class Finder:
        def landmarks(self, pixels: np.ndarray, where: str) -> Landmarks:
            return Landmarks(POINTS, "stub")

    class Blind:
        def landmarks(self, pixels: np.ndarray, where: str) -> Landmarks:
            raise InputError("no face")

    whole = photographed(path, 32, None)
    assert whole.how == "whole"
    assert photographed(path, 32, Blind()).how == "whole"
    found = photographed(path, 32, Finder())
    assert found.how == "detector"
    (tmp_path / "x.png.landmarks.json").write_text(json.dumps({"points_px": POINTS, "size_px": [200, 160]}))
    beside = photographed(path, 32, Blind())
    assert beside.how == "key points"
    assert np.array_equal(beside.pixels, found.pixels)
    assert beside.pixels[..., 0].mean() > whole.pixels[..., 0].mean() + 30


def test_unreadable_photographs_are_listed_and_the_others_used(labelled: Path) -> None:
    (labelled / "x03.png").write_bytes(b"not a picture")
    examples = read_examples(labelled, Asked(views=("front",)), labelled=False)
    found = load_pictures(examples, 32)
    assert len(found.examples) == 11
    assert found.pixels.shape == (11, 1, 32, 32, 3)
    assert [fault.split(":")[0] for fault in found.faults] == ["x03.png"]
    for path in labelled.iterdir():
        path.write_bytes(b"not a picture")
    with pytest.raises(InputError, match="none of 12 photographs"):
        load_pictures(examples, 32)
