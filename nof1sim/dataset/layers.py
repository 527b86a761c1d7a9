"""Further truth images: to the bytes of a file and back. Depth and normals lose less than their grain."""

from __future__ import annotations

import io
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .images import grey_png, opened

DEPTH_STEP_MM = 0.01
DEPTH_STEPS = 65535
OFFSET = "offset_mm"
"""Text of a depth PNG: the depth of value 1, in mm; every further step is DEPTH_STEP_MM more. 0 is the background."""
NORMAL_STEPS = 127
COMPRESSION = 1
"""zlib level: higher ones take many times as long for little."""
LABEL = "Truth image ({}) of a synthetic image"


def encode_layer(name: str, layer: NDArray[Any]) -> bytes:
    """The bytes of a layer's file; equal input gives equal bytes. Shapes and units: `nof1sim.model.Render.layers`.

    parts, binary: 8-bit PNG of codes. depth: 16-bit PNG, see `OFFSET`; what is more than 655 mm behind the nearest
    point counts as background. normals: 8-bit RGB PNG, 128 + 127 n, 0 on the background. chart:
    compressed npz, float32.
    """
    if name in ("parts", "binary"):
        return _flat_png(name, layer.astype(np.uint8))
    if name == "depth":
        return _depth(layer)
    if name == "normals":
        codes = np.rint(128 + NORMAL_STEPS * np.clip(layer, -1, 1))
        return _png(name, np.where(np.isnan(codes), 0, codes).astype(np.uint8))
    if name == "chart":
        file = io.BytesIO()
        np.savez_compressed(file, chart=layer.astype(np.float32))
        return file.getvalue()
    raise ValueError(f"unknown layer {name!r}")


def decode_layer(name: str, data: bytes) -> NDArray[Any]:
    """The layer of a file: uint8 codes, or float32 with NaN on the background."""
    if name == "chart":
        with np.load(io.BytesIO(data)) as arrays:
            return arrays["chart"]
    image = opened(data)
    codes = np.asarray(image)
    if name in ("parts", "binary"):
        return codes
    values = codes.astype(np.float64)
    if name == "depth":
        values = float(image.info[OFFSET]) + DEPTH_STEP_MM * (values - 1)
        return np.where(codes == 0, np.nan, values).astype(np.float32)
    values = (values - 128) / NORMAL_STEPS
    return np.where((codes == 0).all(-1, keepdims=True), np.nan, values).astype(np.float32)


def _depth(layer: NDArray[Any]) -> bytes:
    there = np.isfinite(layer)
    offset = math.floor(float(layer[there].min())) if there.any() else 0
    steps = np.rint((np.where(there, layer, offset).astype(np.float64) - offset) / DEPTH_STEP_MM) + 1
    return _png("depth", np.where(there & (steps <= DEPTH_STEPS), steps, 0).astype(np.uint16), {OFFSET: str(offset)})


def _flat_png(name: str, codes: NDArray[np.uint8]) -> bytes:
    """Of flat patches: rows without a filter, in which nothing but runs is looked for. It takes a fifth of the time of
    `_png`, for smaller files."""
    rows = np.zeros((codes.shape[0], codes.shape[1] + 1), np.uint8)
    rows[:, 1:] = codes
    packer = zlib.compressobj(COMPRESSION, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    return grey_png(codes.shape, 8, LABEL.format(name), packer.compress(rows.tobytes()) + packer.flush())


def _png(name: str, codes: NDArray[Any], texts: dict[str, str] | None = None) -> bytes:
    file, info = io.BytesIO(), PngInfo()
    for key, text in {"Description": LABEL.format(name), **(texts or {})}.items():
        info.add_text(key, text)
    Image.fromarray(codes).save(file, "PNG", compress_level=COMPRESSION, pnginfo=info)
    return file.getvalue()
