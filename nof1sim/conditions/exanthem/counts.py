"""The exanthem's map G: severity to the share of facial skin that is ill, and to the lesions that cover so much.

A severity rounds to the CTCAE's grade of a maculopapular rash (version 5.0: grade 1 under 10 %, 2 from 10 to 30 %, 3
over 30 % of the body's surface), read here on the skin of the face. The share at the top and below grade 1 is this
project's choice, and so is that a face without any lesion has grade 0.
"""

from __future__ import annotations

import numpy as np

from nof1sim.conditions.counts import CountMap, through
from nof1sim.model import Floats, Ints

SHARE_ANCHORS = ((0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0), (0.0, 0.012, 0.045, 0.10, 0.19, 0.30, 0.48))
"""Severity, and the share of the face's skin that lesions cover; the cuts at 1.5 and 2.5 are the CTCAE's."""
CTCAE_CUTS, CTCAE_SEVERITIES = (0.10, 0.30), (1.5, 2.5)
"""Shares of the skin at which the grade goes from 1 to 2 and to 3, and the severities of these."""
COUNTS = (0.0, 13.0, 47.0, 117.0, 250.0, 440.0, 815.0)
"""Whole-face lesions that cover these shares in the mean over people at the plateau: measured, see docs."""


def count_map() -> CountMap:
    """Severity to whole-face lesions and back."""
    return through((SHARE_ANCHORS[0], COUNTS))


def ctcae(share: Floats) -> Ints:
    """CTCAE grade 0 to 3 of a share of the skin; 0 is clear."""
    return np.where(share > 0.0, 1 + np.searchsorted(CTCAE_CUTS, share, side="right"), 0).astype(np.int64)
