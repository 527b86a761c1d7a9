"""Which file a picture goes to."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from ..dataset import layout
from ..model import Unit
from .plan import Plan


def image_name(plan: Plan, unit: Unit) -> str:
    """The picture's path in the dataset; with `images.layout: hettich` it carries the severity class, as asked for."""
    images = plan.protocol.images
    if images.layout == "standard":
        return layout.image_path(unit, images.format)
    block = plan.block(unit.rank, 1)
    day = plan.protocol.cohort.start_date + timedelta(days=unit.day - 1)
    score = block.recorded[unit.occasion - 1].complete["score"][0, unit.day - 1]
    grade = min(int(np.rint(score)), 3)
    name = layout.hettich_name(block.cohort.patients[0].patient_id, day, grade, unit.occasion, unit.view, images.format)
    return f"{layout.IMAGES}/{name}"
