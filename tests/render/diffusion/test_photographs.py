"""Photographs that a protocol names by hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nof1sim.errors import ModelNotAvailable
from nof1sim.render.diffusion.config import Photograph
from nof1sim.render.diffusion.photographs import photograph_of
from nof1sim.render.diffusion.places import Places


def named(data: bytes) -> Photograph:
    return Photograph(sha256=hashlib.sha256(data).hexdigest(), consent="consent form 12, 2026-01-14")


def test_a_photograph_is_found_by_its_hash_and_stands_upright(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    pixels = np.full((80, 160, 3), (0, 90, 40), np.uint8)
    pixels[:, :80] = (250, 120, 60)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    Image.fromarray(pixels).save(folder / "any name.png", exif=exif)
    Image.fromarray(pixels[::-1, ::-1]).save(folder / "another.png")
    found = photograph_of("P001", named((folder / "any name.png").read_bytes()), Places(tmp_path, tmp_path))
    assert found.shape == (160, 80, 3)
    assert (found[0, 0, 0], found[-1, 0, 0]) == (250, 0)


@pytest.mark.parametrize(
    ("models", "data", "message"),
    [
        (False, b"", "photographs.P002: got 'no models directory'; allowed: NOF1SIM_MODELS"),
        (True, b"other", "the hash of a file in .*photographs. Copy the file there"),
        (True, b"no picture", "photographs.P002: .*not an image that can be read"),
    ],
)
def test_a_photograph_that_is_not_there(tmp_path: Path, models: bool, data: bytes, message: str) -> None:
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "x.png").write_bytes(b"no picture")
    with pytest.raises(ModelNotAvailable, match=message):
        photograph_of("P002", named(data), Places(tmp_path if models else None, tmp_path))
