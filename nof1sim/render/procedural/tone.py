"""How much melanin a person needs so that the developed picture shows the requested skin tone: a closed loop.

The face is lit as in a front view, coarsely, and the base melanin is solved so that the median of cheeks and forehead,
developed by the neutral camera, has the individual typology angle of the patient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1sim.render.procedural.expose import EXPOSURE, GAIN, tone
from nof1sim.render.procedural.fields import unit
from nof1sim.render.procedural.frames import VIEWS
from nof1sim.render.procedural.head import Head
from nof1sim.render.procedural.light import COLOUR, GLOSSY, LIGHTS, STRENGTH, WRAP, gloss_map, illuminate, wrapped
from nof1sim.render.procedural.pigment import base_blood, pigment
from nof1sim.render.procedural.screen import camera_for
from nof1sim.render.procedural.shade import BROAD_ROUGHNESS
from nof1sim.render.skin import chromophores

GRID = 96
"""Vertices a side of the mesh that is lit here, whatever the mesh of the picture."""
MELANIN_RANGE = (0.004, 0.80)


def gloss_strength(ita: float) -> float:
    """Factor on gloss: half on the darkest skin, where the same highlights look like metal."""
    return 0.82 - 0.36 * float(np.clip((25 - ita) / 60, 0, 1))


def tone_patch(chart_x: NDArray, chart_y: NDArray) -> NDArray:
    """Cheeks and forehead on the chart."""
    x = np.abs(chart_x)
    cheek = (x > 24) & (x < 52) & (chart_y > -50) & (chart_y < -20)
    return cheek | ((x < 34) & (chart_y > 32) & (chart_y < 52))


def base_melanin(head: Head) -> float:
    """Volume fraction of melanosomes for the person's skin tone."""
    step = max(1, head.skin.shape[0] // GRID)
    camera = camera_for(head, VIEWS["front"], 64, 64)
    points = np.ascontiguousarray(camera.place(head.surface[::step, ::step]))
    normals = np.ascontiguousarray(head.normals[::step, ::step])
    flow, seen = illuminate([points], [points], [normals], 128)
    at = tone_patch(head.layer("chart_x")[::step, ::step], head.layer("chart_y")[::step, ::step])
    layers = head.layers[::step, ::step][at]
    skin = pigment(head, head.skin[::step, ::step][at], layers)
    n = np.ascontiguousarray(normals[at])
    view = unit(camera.eye - points[at]).astype(np.float32)
    light, shine = np.zeros((len(n), 3), np.float32), np.zeros(len(n), np.float32)
    rough = np.clip(0.36 - 0.05 * (skin.oil - 1), 0.26, 0.46).astype(np.float32)
    for g, group in enumerate(LIGHTS[:-1]):
        raw, part = np.empty((len(n), 3), np.float32), np.empty(len(n), np.float32)
        wrapped(n, np.ascontiguousarray(flow[0][at][:, g]), WRAP, raw)
        light += STRENGTH[g] * COLOUR[g] * raw
        if g != GLOSSY:
            share = np.ascontiguousarray(seen[0][at][:, g])
            gloss_map(n, view, share, group.directions, group.weights, rough, BROAD_ROUGHNESS, skin.oil, part)
            shine += STRENGTH[g] * part
    return _solve(head, skin.melanin, base_blood(head.face) * skin.blood, light, shine)


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
