"""Typical lesions by name, for galleries, tests and examples: no patient, no trial.

Sizes and numbers: the project's table of lesion types and the acne engine's own distributions (percentiles 5, 50, 95).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from nof1sim.model import STAGE_CODE, Lesions

Size = Literal["small", "typical", "large"]
SIZES: tuple[Size, ...] = ("small", "typical", "large")

# diameter_mm, height_mm (small, typical, large); erythema, melanin, pus, plug, crust.
_LOOK: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, ...]]] = {
    "closed_comedone": ((1.0, 1.6, 2.8), (0.12, 0.28, 0.45), (0.05, 0.0, 0.0, 0.0, 0.0)),
    "open_comedone": ((1.0, 1.6, 2.8), (0.06, 0.09, 0.13), (0.05, 0.0, 0.0, 0.8, 0.0)),
    "papule": ((2.0, 3.0, 4.6), (0.45, 0.75, 1.2), (0.80, 0.0, 0.0, 0.0, 0.0)),
    "pustule": ((2.0, 3.0, 4.6), (0.5, 0.85, 1.25), (0.80, 0.0, 0.95, 0.0, 0.0)),
    "nodule": ((6.0, 9.0, 14.0), (1.4, 2.2, 3.6), (0.90, 0.0, 0.0, 0.0, 0.0)),
    "crust": ((2.0, 3.0, 4.6), (0.2, 0.4, 0.7), (0.55, 0.0, 0.0, 0.0, 0.85)),
    "excoriation": ((2.5, 4.0, 6.0), (0.05, 0.08, 0.1), (0.70, 0.0, 0.0, 0.0, 0.0)),
    "erythema": ((2.0, 3.0, 5.0), (0.0, 0.0, 0.0), (0.50, 0.0, 0.0, 0.0, 0.0)),
    "hyperpigmentation": ((2.0, 3.0, 5.0), (0.0, 0.0, 0.0), (0.0, 0.50, 0.0, 0.0, 0.0)),
    "scar": ((1.2, 2.2, 4.0), (-0.22, -0.30, -0.42), (0.0, 0.0, 0.0, 0.0, 0.0)),
    "resolving": ((1.3, 2.0, 3.6), (0.06, 0.15, 0.40), (0.25, 0.0, 0.0, 0.0, 0.0)),
}


def sample_lesions(
    stage: str, places: Sequence[tuple[float, float]], size: Size = "typical", *, first_id: int = 1, shape: int = 5
) -> Lesions:
    """Lesions of one stage at chart places [(x_mm, y_mm), ...], ids from `first_id`; `shape` seeds the outlines.

    >>> sample_lesions("papule", [(-40.0, -30.0)]).diameter_mm.tolist()
    [3.0]
    """
    n, k = len(places), SIZES.index(size)
    diameter, height, rest = _LOOK[stage]
    x, y = np.array(places, float).reshape(n, 2).T.copy()
    full, yes = np.ones(n), np.ones(n, bool)
    counted = stage not in ("erythema", "hyperpigmentation", "scar", "resolving")
    red, brown, pus, plug, crust = (full * value for value in rest)
    return Lesions(
        np.arange(n) + first_id, x, y, np.full(n, STAGE_CODE[stage], np.int8), diameter[k] * full, height[k] * full,
        red, brown, pus, plug, crust, (np.arange(n) * 7919 + shape) % 2**31, yes, yes & counted,
    )  # fmt: skip


def together(parts: Sequence[Lesions]) -> Lesions:
    """One table of several, in order, with fresh ids from 1."""
    names = [n for n in Lesions.__dataclass_fields__ if n != "lesion_id"]
    columns = {n: np.concatenate([getattr(p, n) for p in parts]) for n in names}
    return Lesions(lesion_id=np.arange(1, len(columns["x_mm"]) + 1), **columns)
