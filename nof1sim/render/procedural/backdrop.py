"""What stands behind the person: paper, a wall, or a room out of focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.randomness import stream
from nof1sim.render.procedural.fields import ramp
from nof1sim.render.procedural.filters import enlarge
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.noise import noise

F32 = NDArray[np.floating]
BACKDROP = np.array([
    [0.085, 0.17, 0.33], [0.30, 0.34, 0.38], [0.42, 0.44, 0.45], [0.15, 0.155, 0.165], [0.24, 0.33, 0.40],
    [0.37, 0.36, 0.34], [0.50, 0.50, 0.48], [0.27, 0.32, 0.31], [0.44, 0.41, 0.36], [0.34, 0.37, 0.40],
    [0.46, 0.45, 0.43], [0.40, 0.42, 0.43],
])  # fmt: skip
"""Linear colour. The first five are photographic papers, the next four painted walls, the last three rooms."""
WALLS, ROOMS = 5, 9


def backdrop(head: Head, width: int) -> F32:
    """(width, width, 3) linear light; smooth, so it is computed coarsely and enlarged."""
    coarse = 8 if width % 8 == 0 else 1
    t = ((np.arange(width // coarse, dtype=np.float32) + 0.5) * coarse) / width - 0.5
    x, y = np.meshgrid(t, t)
    face = head.face
    rng = stream(face.noise_seed, "backdrop")
    base = BACKDROP[face.backdrop] * np.exp(0.035 * rng.normal(size=3) + 0.14 * rng.normal())
    if face.backdrop >= ROOMS:
        image = _room(rng, x, y, base)
    elif face.backdrop >= WALLS:
        image = _wall(rng, x, y, base)
    else:
        image = _paper(rng, x, y, base)
    place = np.stack([x, y, np.zeros_like(x)], -1) * 100
    cloud = noise(place, 38.0, face.noise_seed + 301, 2, 0.5)
    return enlarge((image * (1 + 0.035 * cloud[..., None])).astype(np.float32), coarse)


def _paper(rng, x: F32, y: F32, base: NDArray) -> F32:
    """Seamless paper: bright behind the head on the side away from the key, darker to the corners."""
    cx, cy, fall = rng.uniform(-0.05, 0.22), rng.uniform(-0.18, 0.08), rng.uniform(0.35, 0.95)
    shade = 1.08 - fall * ((x - cx) ** 2 + (y - cy) ** 2) - 0.10 * y
    return base * shade[..., None]


def _wall(rng, x: F32, y: F32, base: NDArray) -> F32:
    """A painted wall: light falls off sideways, and the person's own soft shadow lies to one side."""
    side = rng.uniform(-0.35, 0.35)
    shade = 1.0 + side * x - rng.uniform(0.05, 0.25) * y
    shadow = np.exp(-(((x - 0.20) / 0.26) ** 2) - ((y - 0.02) / 0.40) ** 2)
    image = base * (shade * (1 - 0.22 * shadow))[..., None]
    if rng.random() < 0.4:  # the edge of a door or a corner of the room
        at = rng.uniform(0.30, 0.46) * (1 if rng.random() < 0.5 else -1)
        beyond = ramp(at - 0.012, at + 0.012, x) if at > 0 else ramp(at + 0.012, at - 0.012, x)
        image = image * (1 - beyond[..., None] * rng.uniform(-0.10, 0.30))
    return image


def _room(rng, x: F32, y: F32, base: NDArray) -> F32:
    """A room far out of focus: light from a window beyond one side, a wall with a shelf or a door, small soft discs."""
    side = 1 if rng.random() < 0.5 else -1
    glow = ramp(-0.2, 0.75, side * x + 0.25 * rng.normal() * y)
    image = base * (0.80 - 0.12 * y + 0.30 * glow)[..., None]
    # All edges are as soft as the lens makes them at one distance, and nothing is brighter than the window's light.
    soft = rng.uniform(0.07, 0.11)
    if rng.random() < 0.7:
        at, wide = side * rng.uniform(-0.50, -0.30), rng.uniform(0.10, 0.16)
        image = _painted(image, ramp(wide + soft, wide - soft, np.abs(x - at)), base, rng, 0.30)
    if rng.random() < 0.7:
        at, thin = rng.uniform(-0.30, 0.25), rng.uniform(0.015, 0.03)
        image = _painted(image, ramp(thin + soft, thin - soft, np.abs(y - at)), base, rng, 0.35)
    for _ in range(int(rng.integers(2, 5))):
        cx, cy, r = side * rng.uniform(-0.05, 0.55), rng.uniform(-0.5, 0.35), rng.uniform(0.035, 0.08)
        # Points of light out of focus: a little brighter than the wall, never dark spots.
        disc = ramp(r + 0.035, r - 0.035, np.hypot(x - cx, y - cy)) * rng.uniform(0.03, 0.12)
        image = np.minimum(image * (1 + disc[..., None]), np.maximum(image, 0.55))
    return image


def _painted(image: F32, cover: F32, base: NDArray, rng, contrast: float) -> F32:
    """A thing out of focus, of nearly the wall's colour, darker as a rule."""
    own = np.clip(base * np.exp(contrast * (rng.normal() - 0.4)) * np.exp(0.05 * rng.normal(size=3)), 0.02, 0.55)
    return image + (0.7 * cover)[..., None] * (own - image)
