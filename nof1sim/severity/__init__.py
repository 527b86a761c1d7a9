"""Who takes part, under which schedule, and how they fare. No picture in sight."""

from .cohort import make_cohort
from .contrasts import true_contrasts
from .missing import REASONS
from .observe import Recorded, Truth, observe
from .saturation import saturation, saturation_warning
from .schedule import make_schedule
from .trajectory import drive_of, part_names, simulate_trajectories

__all__ = [
    "REASONS",
    "Recorded",
    "Truth",
    "drive_of",
    "make_cohort",
    "make_schedule",
    "observe",
    "part_names",
    "saturation",
    "saturation_warning",
    "simulate_trajectories",
    "true_contrasts",
]
