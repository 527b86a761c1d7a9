"""A patch of skin on a plane or a ball, by formula: the lesion layer tested without any face."""

from __future__ import annotations

import numpy as np

from nof1sim.model import Lesions
from nof1sim.render.skin import Lighting, Sites, SkinBuffer, chromophores

DIRECTION = np.array([[-0.5, 0.62, 0.6], [0.8, 0.3, 0.5], [0.0, 0.0, 0.0]], np.float32)
DIRECTION[:2] /= np.linalg.norm(DIRECTION[:2], axis=1, keepdims=True)
LIGHTING = Lighting(
    DIRECTION, np.array([0.3, 0.3, 0.0], np.float32), np.array([1.4, 0.5, 0.2], np.float32),
    np.ones((3, 3), np.float32), np.array([0.23, 0.13, 0.09], np.float32),
)  # fmt: skip
MELANIN = {55: 0.012, 45: 0.022, 34: 0.04, 19: 0.075, -15: 0.2, -45: 0.42}
"""Roughly the melanin of six skin types, by individual typology angle."""


def rotation_by(tilt_deg: float) -> np.ndarray:
    """Turn about the vertical axis."""
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def patch(size: int = 128, mm_per_px: float = 0.25, tilt_deg: float = 0.0, melanin: float = 0.04) -> SkinBuffer:
    """The plane z = 0 of canonical space, seen by an orthographic camera after a turn; (0, 0) in the middle."""
    y, x = (a.astype(float) for a in np.mgrid[:size, :size])
    rotation = rotation_by(tilt_deg)
    n = size * size
    across = (x - (size - 1) / 2) * mm_per_px / rotation[0, 0]
    spot = np.stack([across, ((size - 1) / 2 - y) * mm_per_px, np.zeros_like(x)], -1).reshape(n, 3)
    normal = np.tile(rotation @ np.array([0, 0, 1.0]), (n, 1))
    flow = np.tile(DIRECTION, (n, 1, 1))
    flow[:, 2] = 0.5 * normal
    shade = np.maximum((normal[:, None] * flow).sum(-1), 0.05) * LIGHTING.strength
    full = np.ones(n)
    fields = {
        "spot": spot, "normal": normal, "view": np.tile([0, 0, 1.0], (n, 1)), "flow": flow, "seen": np.ones((n, 3)),
        "light": np.repeat(shade[:, :, None], 3, 2), "gloss": np.full((n, 3), 0.02), "through": np.ones((n, 3)),
        "sheen": full, "melanin": melanin * full, "blood": 0.018 * full,
        "albedo": chromophores.albedo(melanin * full, 0.018 * full), "oil": full, "rough": 0.36 * full, "lock": full,
    }  # fmt: skip
    arrays = {name: np.ascontiguousarray(a, dtype=np.float32) for name, a in fields.items()}
    slot = np.arange(n, dtype=np.int32).reshape(size, size)
    return SkinBuffer(np.arange(n), slot, **arrays, mm_per_px=mm_per_px, rotation=rotation)


def sites(buffer: SkinBuffer, lesions: Lesions) -> Sites:
    """Chart places are canonical x and y here."""
    k, size = len(lesions), buffer.slot.shape[0]
    spot = np.stack([lesions.x_mm, lesions.y_mm, np.zeros(k)], -1)
    normal = np.tile([0.0, 0.0, 1.0], (k, 1))
    x = (size - 1) / 2 + lesions.x_mm * buffer.rotation[0, 0] / buffer.mm_per_px
    y = (size - 1) / 2 - lesions.y_mm / buffer.mm_per_px
    columns = (spot, normal, x, y, np.full(k, 1 / buffer.mm_per_px))
    return Sites(*(np.ascontiguousarray(c, dtype=np.float32) for c in columns))


def clear(buffer: SkinBuffer) -> np.ndarray:
    """Linear light (h, w, 3) of the skin without lesions."""
    light = buffer.albedo * buffer.light.sum(1) * buffer.through
    light = light + (buffer.gloss.sum(1) * buffer.sheen)[:, None]
    return np.ascontiguousarray(light.reshape(*buffer.slot.shape, 3), dtype=np.float32)


def grey_levels(light: np.ndarray) -> np.ndarray:
    """Linear light as 8-bit sRGB, not rounded."""
    x = np.clip(light, 0, 1)
    return 255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-6) ** (1 / 2.4) - 0.055)
