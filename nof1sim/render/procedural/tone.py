"""How much melanin a person needs so that the developed picture shows the requested skin tone: a closed loop.

The face is lit as in a small front view, and the base melanin is solved so that the median of cheeks and forehead,
developed by the neutral camera, has the individual typology angle of the patient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.chart import tone_patch
from nof1sim.model import Nuisance
from nof1sim.render.procedural.frames import VIEWS
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, STRENGTH, mix
from nof1sim.render.procedural.pigment import base_blood, pigment_of
from nof1sim.render.procedural.screen import camera_for, look
from nof1sim.render.procedural.sensor import EXPOSURE, GAIN, tone
from nof1sim.render.procedural.shade import details, light_skin
from nof1sim.render.skin import chromophores

PICTURE_PX = 80
"""Size of the front view that is lit here, whatever the picture."""
MELANIN_RANGE = (0.004, 0.80)


def gloss_strength(ita: float) -> float:
    """Factor on gloss: half on the darkest skin, where the same highlights look like metal."""
    return 0.82 - 0.36 * float(np.clip((25 - ita) / 60, 0, 1))


def base_melanin(head: Head) -> float:
    """Volume fraction of melanosomes for the person's skin tone."""
    screen = look(head, camera_for(head, VIEWS["front"], PICTURE_PX, PICTURE_PX))
    skin, blood = pigment_of(head, screen), base_blood(head.face)
    lit = light_skin(screen, skin, 0.05, blood, 1)
    factor, sheen = details(head, screen, skin, np.zeros(screen.index.size, np.float32))
    at = np.flatnonzero(tone_patch(screen.layer("chart_x"), screen.layer("chart_y")) & (screen.layer("bare") > 0.9))
    neutral = mix(Nuisance())
    light = (neutral[:, None] * STRENGTH[:, None] * COLOUR * lit.irradiance[at]).sum(1) * factor[at]
    shine = (neutral * STRENGTH * lit.gloss[at]).sum(1) * sheen[at]
    return _solve(head, skin.melanin[at], blood * skin.blood[at], light, shine)


def _solve(head: Head, pattern: NDArray, blood: NDArray, light: NDArray, shine: NDArray) -> float:
    ita = head.face.ita_deg
    glossy = gloss_strength(ita) * shine[:, None]
    low, high = MELANIN_RANGE
    for _ in range(24):
        melanin = float(np.sqrt(low * high))
        linear = (chromophores.albedo(melanin * pattern, blood) * light + glossy) * (EXPOSURE * GAIN)
        shown = np.clip(tone(linear), 0, 1)
        decoded = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
        median = np.median(chromophores.lab(decoded), axis=0)
        if float(chromophores.ita_deg(median)) > ita:
            low = melanin
        else:
            high = melanin
    return float(np.sqrt(low * high))
