"""How much of a severity sits at the ends of its scale, where differences cannot be seen."""

from __future__ import annotations

import numpy as np

from ..model import Floats
from ..protocol.types import Protocol


def saturation(severity: Floats, low: float, high: float) -> tuple[float, float]:
    """The shares of all values that lie at (or beyond) the lower and the upper bound; NaN is left out.

    >>> saturation(np.array([[0.0, 1.0], [3.0, 3.0]]), 0.0, 3.0)
    (0.25, 0.5)
    """
    known = severity[np.isfinite(severity)]
    if not known.size:
        return 0.0, 0.0
    return float(np.mean(known <= low)), float(np.mean(known >= high))


def saturation_warning(protocol: Protocol, severity: Floats) -> str | None:
    """A sentence for the user where more than `severity.saturation_warning` of the days sits at a bound, else None.

    `severity` is the true or the recorded one, (patients, days).
    """
    part = protocol.severity
    at_low, at_high = saturation(severity, part.scale_low, part.scale_high)
    if at_low + at_high <= part.saturation_warning + 1e-12:
        return None
    return (
        f"{at_low + at_high:.0%} of the days sit at a bound of the severity scale "
        f"({at_low:.0%} at {part.scale_low:g}, {at_high:.0%} at {part.scale_high:g}; "
        f"severity.saturation_warning is {part.saturation_warning:.0%}): effects beyond the bounds cannot be seen, and "
        "contrasts are smaller than the effects. Move severity.baseline or the effects away from the bounds; where it "
        "is meant, raise severity.saturation_warning."
    )
