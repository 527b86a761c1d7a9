"""A made-up condition for the tests of patches: the package must know no other by name."""

from __future__ import annotations

import numpy as np

from nof1sim.model import LesionField
from nof1sim.randomness import stream
from nof1sim.render.skin import sample_lesions
from nof1sim.render.skin.specimens import together


class Dots:
    """Red spots, as many as ten times the severity."""

    name = "dots"
    option_names = ()
    body_sites = ("forearm", "back")
    grade_cuts = inflammatory_cuts = (1.0, 5.0, 20.0)

    def __init__(self, options):
        self.options = options

    def patch(self, patient, drive, seed, address, side_mm):
        rng = stream(seed, *address, "dots")
        places = rng.uniform(-side_mm / 2, side_mm / 2, (400, 2))
        columns = {"x_mm": places[:, 0], "y_mm": places[:, 1], "severity": np.asarray(drive.severity, float)}
        return LesionField(patient, drive.days, columns, np.zeros(drive.days, np.int64))

    def on(self, field, day):
        n = round(10 * field.columns["severity"][day - 1])
        x, y = field.columns["x_mm"][:n], field.columns["y_mm"][:n]
        if not n:
            return sample_lesions("erythema", [])
        return together([sample_lesions("papule", list(zip(x, y, strict=True)))])


class Mute:
    """A condition that knows no patches."""

    name = "mute"
    option_names = ()

    def __init__(self, options):
        pass
