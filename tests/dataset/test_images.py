from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nof1sim.dataset.images import DESCRIPTION, Format, decode, decode_mask, encode, encode_mask, read_note
from nof1sim.errors import DatasetError

FORMATS: list[Format] = ["jpeg", "png", "webp"]
NOTE = {"nof1sim": "0.1.0", "digest": "ab" * 32, "unit": ["P001", 1, 1, "front"], "text": "ü \"<&'"}
SMOOTH = np.linspace(40, 210, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)


@pytest.mark.parametrize("format", FORMATS)
def test_every_image_says_that_it_is_synthetic(format: Format) -> None:
    data = encode(SMOOTH, format, 95, NOTE)
    assert read_note(data) == NOTE
    image = Image.open(io.BytesIO(data))
    assert image.format == format.upper()
    exif = image.getexif()
    assert exif[270] == DESCRIPTION
    assert exif[305] == "nof1sim"
    assert b'DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"' in image.info["xmp"]


def test_the_source_type_of_another_renderer_is_told() -> None:
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in encode(SMOOTH, "png", source="trainedAlgorithmicMedia")


@pytest.mark.parametrize("format", FORMATS)
def test_equal_pixels_give_equal_bytes(format: Format) -> None:
    assert encode(SMOOTH, format, 95, NOTE) == encode(SMOOTH.copy(), format, 95, dict(reversed(NOTE.items())))


@pytest.mark.parametrize(
    ("format", "quality", "error"), [("png", 95, 0), ("webp", 100, 0), ("jpeg", 95, 6), ("webp", 95, 12)]
)
def test_pixels_come_back(format: Format, quality: int, error: int) -> None:
    back = decode(encode(SMOOTH, format, quality))
    assert np.abs(back.astype(int) - SMOOTH).max() <= error


@pytest.mark.parametrize(("quality", "sampling"), [(95, (1, 1)), (100, (1, 1)), (90, (2, 2))])
def test_colour_keeps_its_resolution_at_high_quality(quality: int, sampling: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(encode(SMOOTH, "jpeg", quality)))
    assert image.layer[0][1:3] == sampling  # type: ignore[attr-defined]


def test_wrong_pixels_are_a_bug() -> None:
    with pytest.raises(ValueError, match="uint8"):
        encode(SMOOTH.astype(float))  # type: ignore[arg-type]


def test_somebody_else_s_image_has_no_note() -> None:
    file = io.BytesIO()
    Image.fromarray(SMOOTH).save(file, "PNG")
    assert read_note(file.getvalue()) == {}


@pytest.mark.parametrize("keep", [0, 10, 400])
def test_a_damaged_image_is_a_letter(keep: int) -> None:
    with pytest.raises(DatasetError, match="damaged"):
        decode(encode(SMOOTH, "jpeg")[:keep])


@settings(max_examples=30, deadline=None)  # the first call compiles
@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_masks_come_back(height: int, width: int, data: st.DataObject) -> None:
    ids = np.zeros((height, width), np.int32)
    for _ in range(5):
        row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
        ids[row, column] = data.draw(st.integers(0, 65535))
    back = decode_mask(encode_mask(ids))
    assert back.dtype == np.int32
    assert np.array_equal(back, ids)


@pytest.mark.parametrize("value", [65536, -1])
def test_an_id_that_16_bits_cannot_hold_is_refused(value: int) -> None:
    with pytest.raises(DatasetError, match="65535"):
        encode_mask(np.array([[0, value]], np.int32))


def test_encoding_costs_little_more_than_pillow() -> None:
    y, x = np.mgrid[:512, :512]
    pixels = np.stack([128 + 60 * np.sin(x / k) * np.cos(y / k) for k in (7, 11, 40)], -1).astype(np.uint8)

    def plain() -> None:
        Image.fromarray(pixels).save(io.BytesIO(), "JPEG", quality=95, subsampling=0)

    assert _best(lambda: encode(pixels, "jpeg", 95, NOTE)) < 1.5 * _best(plain) + 0.001


def _best(function: object) -> float:
    times = []
    for _ in range(15):
        start = time.perf_counter()
        function()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return min(times)
