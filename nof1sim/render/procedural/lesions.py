"""What the lesion layer (`render.skin`) needs of a procedural plate: its buffer, its light, the lesions' places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.model import Lesions, Nuisance
from nof1sim.render.procedural import atlas
from nof1sim.render.procedural.filters import sample
from nof1sim.render.procedural.light import mix
from nof1sim.render.procedural.pigment import darkness
from nof1sim.render.procedural.plate import Plate
from nof1sim.render.skin.buffer import Sites
from nof1sim.render.skin.draw import draw

F32 = NDArray[np.float32]
Labels = NDArray[np.int32]


def sites_of(plate: Plate, lesions: Lesions) -> Sites:
    """Where the chart places of lesions lie on this head and in this picture."""
    u, v = atlas.on_mesh(plate.head.chart, lesions.x_mm, lesions.y_mm)
    spot, normal = sample(plate.head.skin, u, v), sample(plate.head.normals, u, v)
    x, y, f = plate.camera.project(plate.camera.place(spot))
    columns = (spot, normal, x, y, f * plate.camera.per_mm)
    return Sites(*(np.ascontiguousarray(c, dtype=np.float32) for c in columns))


def add_lesions(plate: Plate, lesions: Lesions, nuisance: Nuisance, veil: F32, light: F32) -> tuple[Labels, Labels]:
    """Add a day's lesions to linear light (s, s, 3), in place, under a tan of factor `veil` (3,).

    Returns the touched and the core map (s, s).
    """
    return draw(
        plate.skin, lesions, sites_of(plate, lesions), light, dark=darkness(plate.head.face), day=mix(nuisance),
        oil=nuisance.oil, veil=veil,
    )  # fmt: skip
