"""A design written as a timetable: which arm from which day to which, the days between them without treatment.

`design: {arms: [a, b], timetable: [{arm: a, first_day: 15, last_day: 28}, ...]}` is short for a custom sequence, the
lengths of its periods and a baseline; the same for all patients. Resolved while a protocol is expanded.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ..errors import Fault, did_you_mean
from .types import NO_TREATMENT

REPLACED = ("sequence", "custom", "cycles", "period_days", "baseline_days", "washout_days")
KEYS = ("arm", "first_day", "last_day")

Period = tuple[int, int, str, int]  # first day, last day, letter, place in the list


def without_timetable(design: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """The design with its timetable written as `sequence: custom`; faults are added to the list."""
    rest = {key: value for key, value in design.items() if key != "timetable"}
    before = len(faults)
    for key in REPLACED:
        if key in rest:
            faults.append(
                Fault(f"design.{key}", rest[key], "nothing beside design.timetable", "Remove one of the two.")
            )
    periods = _periods(design["timetable"], rest.get("arms"), faults)
    for one, two in pairwise(periods):
        if two[0] <= one[1]:
            given = f"days {one[0]} to {one[1]} and {two[0]} to {two[1]}"
            faults.append(Fault(f"design.timetable.{two[3]}", given, "periods that do not overlap"))
    if len(faults) > before:
        return {key: value for key, value in rest.items() if key not in REPLACED}
    return rest | _custom(periods)


def _periods(given: Any, arms: Any, faults: list[Fault]) -> list[Period]:
    """The periods in the order of their days; those with faults left out."""
    if not isinstance(given, list) or not given:
        faults.append(Fault("design.timetable", given, "a list of periods {arm, first_day, last_day}"))
        return []
    names = [arm for arm in arms if isinstance(arm, str)] if isinstance(arms, list) else []
    periods = (_period(i, one, names, faults) for i, one in enumerate(given))
    return sorted(period for period in periods if period)


def _period(i: int, given: Any, arms: list[str], faults: list[Fault]) -> Period | None:
    where = f"design.timetable.{i}"
    if not isinstance(given, dict) or set(given) != set(KEYS):
        faults.append(Fault(where, given, f"the keys {', '.join(KEYS)}"))
        return None
    arm, first, last = (given[key] for key in KEYS)
    before = len(faults)
    if not isinstance(arm, str) or arm not in arms[:26]:
        faults.append(Fault(f"{where}.arm", arm, ", ".join(arms), did_you_mean(arm, arms)))
    for key, day in (("first_day", first), ("last_day", last)):
        if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 36500:
            faults.append(Fault(f"{where}.{key}", day, "a study day, 1 to 36500"))
    if len(faults) == before and last < first:
        faults.append(Fault(where, f"days {first} to {last}", "a period of at least one day (first_day <= last_day)"))
    return (first, last, chr(ord("A") + arms.index(arm)), i) if len(faults) == before else None


def _custom(periods: list[Period]) -> dict[str, Any]:
    word, lengths, day = "", [], periods[0][0]
    for first, last, letter, _ in periods:
        if first > day:
            word, lengths = word + NO_TREATMENT, [*lengths, first - day]
        word, lengths, day = word + letter, [*lengths, last - first + 1], last + 1
    baseline = periods[0][0] - 1
    return {"sequence": "custom", "custom": word, "period_days": lengths, "baseline_days": baseline, "washout_days": 0}
