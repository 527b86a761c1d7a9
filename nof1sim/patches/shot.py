"""One photograph of a piece of skin: where the camera is, what light there is, how well it is done.

A dial from 0 (a copy stand in a clinic: nothing changes from picture to picture) to 1 (a phone in a hurry) takes its
share of each range. Ranges are judged by eye on what phones do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from nof1sim.model import Floats
from nof1sim.randomness import stream

QUALITY = {"none": 0.0, "clinic": 0.25, "amateur": 1.0}
"""Words for the dial."""
NEUTRAL = 0.96
"""Light on skin that faces the camera, to which exposure is metered."""
METERED = 0.30
"""Stops by which a phone brightens the darkest skin: metering takes it for a dim scene."""


@dataclass(frozen=True, slots=True)
class Shot:
    """The nuisance of a photograph. Pixels are those of a picture of 256 px; a neutral shot has the defaults.

    turn_deg : of the camera about its axis. shift_x, shift_y : of the picture, in its widths. distance : factor.
    blur_px : focus, SD. motion_px, motion_deg : length and direction. key_deg, key_height_deg : where the main light
    comes from (0: right, 90: top) and how steeply. key, room, flash : strengths of lights. room_k, white_balance_k :
    shift of the colour temperature of room light, and of the camera's balance. vignette : loss of light in the corners.
    noise, sharpening : factors on the camera's own. jpeg_quality : 1 to 100.
    """

    turn_deg: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    distance: float = 1.0
    blur_px: float = 0.0
    motion_px: float = 0.0
    motion_deg: float = 0.0
    key_deg: float = 120.0
    key_height_deg: float = 48.0
    key: float = 0.62
    room: float = 0.50
    flash: float = 0.0
    room_k: float = 0.0
    exposure_ev: float = 0.0
    white_balance_k: float = 0.0
    tint: float = 0.0
    vignette: float = 0.0
    noise: float = 0.0
    sharpening: float = 0.0
    contrast: float = 0.0
    saturation: float = 1.0
    jpeg_quality: int = 95

    def numbers(self) -> dict[str, float]:
        """Every number, by name."""
        return {name: round(getattr(self, name), 4) for name in SHOT_FIELDS}


SHOT_FIELDS = tuple(field.name for field in fields(Shot))
_FIELDS = (
    "turn", "shift_x", "shift_y", "distance", "blur", "motion", "moved", "motion_way", "key_way", "key_height", "mix",
    "flash", "flashed", "room_k", "exposure", "white", "tint", "vignette", "noise", "sharpening", "contrast",
    "saturation", "jpeg",
)  # fmt: skip
"""A shot's uniform numbers, in order; new ones go to the end."""


def draw_shot(
    seed: int, address: Sequence[str | int], dial: float, ita_deg: float = 30.0, *, again: bool = False
) -> Shot:
    """The nuisance of the photograph at an address.

    ita_deg : of the skin, which the camera's metering takes for darker or lighter than it is. again : of a series,
    where the camera comes back to its place.
    """
    numbers = stream(seed, *address, "shot").random(len(_FIELDS))
    u, z = (dict(zip(_FIELDS, values.tolist(), strict=True)) for values in (numbers, _normal(numbers)))
    if dial == 0:
        return Shot()
    flash = dial * (0.35 + 0.5 * u["flash"]) if u["flashed"] < 0.45 * dial else 0.0
    dim = 1 - 0.75 * (flash > 0) * dial
    roaming = 0.35 if again else 1.0
    key, room = 0.62 * dim * math.exp(dial * 0.35 * z["mix"]), 0.50 * dim * math.exp(-dial * 0.25 * z["mix"])
    height = 48 + dial * 24 * (2 * u["key_height"] - 1)
    given = room * 0.94 + key * (math.sin(math.radians(height)) + 0.2) / 1.2 + 0.95 * flash
    metered = math.log2(NEUTRAL / given) + METERED * min(max((25 - ita_deg) / 60, -0.4), 1.0)
    light = min(max((ita_deg + 10) / 50, -1.0), 1.0)  # dark skin has colour enough
    return Shot(
        turn_deg=dial * z["turn"] * (7 if again else 25),
        shift_x=dial * roaming * 0.07 * z["shift_x"],
        shift_y=dial * roaming * 0.07 * z["shift_y"],
        distance=math.exp(dial * 0.10 * z["distance"]),
        blur_px=dial * (0.25 + 1.7 * u["blur"] ** 4),
        motion_px=dial * 6 * max(0.0, (u["moved"] - 0.82) / 0.18) ** 1.5,
        motion_deg=180 * u["motion_way"],
        key_deg=120 + dial * 360 * (u["key_way"] - 0.5),
        key_height_deg=height,
        key=key,
        room=room,
        flash=flash,
        room_k=dial * 500 * z["room_k"],
        exposure_ev=dial * (0.12 + metered + 0.20 * z["exposure"]),
        white_balance_k=dial * 230 * z["white"],
        tint=dial * 0.014 * z["tint"],
        vignette=dial * 0.22 * u["vignette"],
        noise=0.3 * dial + dial * 1.6 * u["noise"] ** 2,
        sharpening=dial * 1.1 * u["sharpening"],
        contrast=dial * (0.12 + 0.22 * u["contrast"]),
        saturation=1 + dial * (0.07 * light + 0.07 * z["saturation"]),
        jpeg_quality=round(95 - dial * 40 * u["jpeg"]),
    )


def widest(dial: float) -> Shot:
    """A shot of a series that shows nearly all that any of them may: their piece of skin is that large."""
    return Shot(turn_deg=dial * 14, shift_x=dial * 0.04, shift_y=dial * 0.04, distance=math.exp(dial * 0.2))


def _normal(u: Floats) -> Floats:
    """Standard normals of uniform numbers, cut at 2.5."""
    from scipy.special import ndtri

    return np.clip(ndtri(np.clip(u, 1e-9, 1 - 1e-9)), -2.5, 2.5)
