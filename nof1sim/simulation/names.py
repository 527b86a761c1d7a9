"""Which file a picture goes to."""

from __future__ import annotations

import math
from datetime import timedelta

from ..dataset import layout
from ..model import Unit
from .plan import Plan

MOST_SEVERE = 3


def image_name(plan: Plan, unit: Unit) -> str:
    """The picture's path in the dataset; with `images.layout: hettich` it carries the severity class, as asked for."""
    images = plan.protocol.images
    if images.layout != "hettich":
        return layout.image_path(unit, images.format)
    block = plan.block(unit.rank, 1)
    score = block.recorded[unit.occasion - 1].complete["score"][0, unit.day - 1]
    grade = min(math.ceil(score - 0.5), MOST_SEVERE)  # a tie goes to the lower class
    day = plan.first_day(unit.rank) + timedelta(days=unit.day - 1)
    person = block.cohort.patients[0].patient_id
    name = layout.hettich_name(person, day, max(grade, 0), unit.occasion, unit.view, images.format)
    return f"{layout.IMAGES}/{name}"
