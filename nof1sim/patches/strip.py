"""Strips: pixels of a row that are worked on together, so that all their numbers stay in the first-level cache.

A strip is one flat float32 array. A channel's numbers lie side by side, from a constant place on: the compiler then
knows that channels never overlap, and works on as many pixels at once as the processor can.
"""

from __future__ import annotations

WIDTH = 128
"""Pixels of a strip; the last of a row may reach beyond the picture."""

_COUNT = 42
(
    X, Y, A, C, Z, SMOOTH_X, SMOOTH_Y, SMOOTH_Z, COVER, U, V, SHARE_U, SHARE_V, FIRST, SECOND, THIRD, LINE_X, LINE_Y,
    SLOPE_A, SLOPE_C, BROWN, RED, DIM, MELANIN, BLOOD, ALBEDO_R, ALBEDO_G, ALBEDO_B, NORMAL_X, NORMAL_Y, NORMAL_Z,
    VIEW_X, VIEW_Y, VIEW_Z, NEAR, KEY_SHINE, FLASH_SHINE, LENS, LIGHT_R, LIGHT_G, LIGHT_B, GLOSSY,
) = (k * WIDTH for k in range(_COUNT))  # fmt: skip
"""Chart place, spot (piece axes), smooth normal (camera axes) and cover: see `geometry.skin_at`. A place in a tile, in
texels, its shares of a texel, and what the tile says there. Slopes of the lines (tile axes) and of all relief (piece
axes); log multipliers of melanin and blood; darkening. Volume fractions and colour. Normal with relief; unit vector to
the camera; fall of light from the camera; gloss; the lens's loss. Light and gloss of all groups."""
WIDE = _COUNT * WIDTH
"""The eight channels of the broad tile."""
SIZE = WIDE + 8 * WIDTH

AT, LEFT_LOW, RIGHT_LOW, LEFT_HIGH, RIGHT_HIGH = (k * WIDTH for k in range(5))
"""Of the whole numbers of a strip: index of a texel, and the four round a place."""
WHOLE_SIZE = 5 * WIDTH
