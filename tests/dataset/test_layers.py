"""Truth images survive their files to less than their grain."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nof1sim.dataset.layers import DEPTH_STEP_MM, NORMAL_STEPS, OFFSET, decode_layer, encode_layer

NAN = float("nan")


def both_ways(name: str, layer: np.ndarray) -> np.ndarray:
    data = encode_layer(name, layer)
    assert encode_layer(name, layer.copy()) == data
    return decode_layer(name, data)


def test_parts() -> None:
    layer = np.arange(8, dtype=np.uint8).reshape(2, 4)
    found = both_ways("parts", layer)
    assert found.dtype == np.uint8
    assert np.array_equal(found, layer)


@given(st.floats(100.0, 3000.0), st.floats(0.0, 600.0))
def test_depth(near: float, more: float) -> None:
    layer = np.array([[NAN, near], [near + more, near + more / 3]])
    found = both_ways("depth", layer)
    assert found.dtype == np.float32
    assert np.isnan(found[0, 0])
    assert np.abs(found - layer)[~np.isnan(layer)].max() <= 0.5 * DEPTH_STEP_MM + 3e-4  # and float32's own grain


def test_depth_says_its_offset_and_ends_after_655_mm() -> None:
    data = encode_layer("depth", np.array([[900.004, 1555.0, 1700.0, NAN]]))
    image = Image.open(io.BytesIO(data))
    assert image.info[OFFSET] == "900"
    assert np.asarray(image)[0].tolist() == [1, 65501, 0, 0]
    assert np.isnan(both_ways("depth", np.full((2, 2), NAN))).all()


def test_normals() -> None:
    rng = np.random.Generator(np.random.Philox(0))
    layer = rng.normal(size=(5, 6, 3))
    layer /= np.linalg.norm(layer, axis=-1, keepdims=True)
    layer[0, 0] = NAN
    layer[1, :3] = np.eye(3)
    layer[2, :3] = -np.eye(3)
    found = both_ways("normals", layer)
    assert np.isnan(found[0, 0]).all()
    assert np.array_equal(found[1, :3], np.eye(3))
    assert np.nanmax(np.abs(found - layer)) <= 0.5 / NORMAL_STEPS + 1e-6


def test_chart() -> None:
    layer = np.stack(np.meshgrid(np.linspace(-78, 78, 9), np.linspace(-108, 64, 7)), -1).astype(np.float32)
    layer[0, 0] = NAN
    assert np.array_equal(both_ways("chart", layer), layer, equal_nan=True)


def test_another_name_is_a_bug() -> None:
    with pytest.raises(ValueError, match="unknown layer"):
        encode_layer("albedo", np.zeros((2, 2)))
