"""Names of views and what they look at: the clinical triplet, close-ups, a skin patch, and any turn of the head."""

from __future__ import annotations

import re
from dataclasses import dataclass

WIDTH_MM = 240.0
"""Width of a picture of the whole face at the pupils' depth."""
SIDE_DEG = 40.0
"""Turn of the oblique views; clinical standards ask for 35 to 45 degrees."""
YAW_LIMIT_DEG, PITCH_LIMIT_DEG = 50.0, 20.0


@dataclass(frozen=True, slots=True)
class Frame:
    """yaw_deg: turn of the head, positive to the image's right; pitch_deg: positive looks down on the face's top;
    width_mm: of the picture; aim: chart point (mm) in the middle, None for the whole head; square: turn the aimed
    patch of skin towards the camera, whatever yaw and pitch; wander_mm: how far the aim differs between people."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    width_mm: float = WIDTH_MM
    aim: tuple[float, float] | None = None
    square: bool = False
    wander_mm: float = 0.0


VIEWS = {
    "front": Frame(),
    "left": Frame(yaw_deg=-SIDE_DEG),
    "right": Frame(yaw_deg=SIDE_DEG),
    "left_cheek": Frame(width_mm=95.0, aim=(44.0, -38.0), square=True),
    "right_cheek": Frame(width_mm=95.0, aim=(-44.0, -38.0), square=True),
    "forehead": Frame(width_mm=130.0, aim=(0.0, 38.0), square=True),
    "chin": Frame(width_mm=95.0, aim=(0.0, -92.0), square=True),
    "patch": Frame(width_mm=48.0, aim=(46.0, -37.0), square=True, wander_mm=4.0),
}
"""Named views. `left` shows the patient's left side. `patch` is bare skin of the left cheek, a little elsewhere on
each person."""

_TURNED = re.compile(r"yaw(-?\d+)(?:_pitch(-?\d+))?")

ALLOWED = (
    ", ".join(VIEWS) + f", or a turn of the head such as 'yaw20' or 'yaw-35_pitch10' "
    f"(|yaw| <= {YAW_LIMIT_DEG:.0f}, |pitch| <= {PITCH_LIMIT_DEG:.0f} degrees)"
)


def frame_of(view: str) -> Frame | None:
    """The frame of a view's name; None for a name that is no view."""
    if view in VIEWS:
        return VIEWS[view]
    found = _TURNED.fullmatch(view)
    if found is None:
        return None
    yaw, pitch = float(found[1]), float(found[2] or 0)
    if abs(yaw) > YAW_LIMIT_DEG or abs(pitch) > PITCH_LIMIT_DEG:
        return None
    return Frame(yaw_deg=yaw, pitch_deg=pitch)
