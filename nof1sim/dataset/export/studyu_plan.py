"""The schedule of a dataset in StudyU's words: one length for all phases, two interventions, no washout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .design import Period, Study

BASELINE = "__baseline"
"""StudyU's id of the phase without an intervention."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`schedule` of a definition.

    word : the letters of sequenceCustom.  labels : the treatments, A first.  reason : why it is not exact, or empty.
    """

    sequence: str
    cycles: int
    word: str
    phase_days: int
    baseline: bool
    reason: str = ""
    labels: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As StudyU writes it."""
        return {
            "numberOfCycles": self.cycles,
            "phaseDuration": self.phase_days,
            "includeBaseline": self.baseline,
            "sequence": self.sequence,
            "sequenceCustom": self.word,
        }


def schedule_of(patients: Sequence[Sequence[Period]], study: Study) -> Schedule:
    """The schedule of all patients (each a list of periods); the nearest one, with a reason, where StudyU has none."""
    first = patients[0]
    given = [period.label for period in first if period.label in study.treatments]
    labels = tuple(dict.fromkeys([*given, *study.treatments]))
    try:
        return replace(_exact(patients, study), labels=labels)
    except _NoScheduleError as error:
        lengths = [period.last_day - period.first_day + 1 for period in first if period.label in study.treatments]
        word = "".join("AB"[min(labels.index(label), 1)] for label in given)
        baseline = first[0].label not in study.treatments
        return Schedule("customized", 1, word or "A", max(lengths, default=1), baseline, str(error), labels)


class _NoScheduleError(Exception):
    """Why StudyU has no such schedule."""


def _exact(patients: Sequence[Sequence[Period]], study: Study) -> Schedule:
    if len(study.treatments) != 2:
        raise _NoScheduleError(f"a participant has two interventions in StudyU; here are {len(study.treatments)}")
    baselines = {_days(periods[0]) if periods[0].label not in study.treatments else 0 for periods in patients}
    if len(baselines) > 1:
        raise _NoScheduleError("the baseline is not the same for all patients")
    baseline = baselines.pop()
    rest = [periods[1:] if baseline else periods for periods in patients]
    if any(period.label not in study.treatments for periods in rest for period in periods):
        raise _NoScheduleError("StudyU knows no washout: days without treatment after the first period")
    phase = baseline or math.gcd(*(_days(period) for periods in rest for period in periods[:-1] or periods))
    words = [_word(periods, phase) for periods in rest]
    longest = max(words, key=len)
    if all(longest.startswith(word) for word in words):
        return Schedule("customized", 1, longest, phase, baseline > 0)
    if all(set(word[at : at + 2]) == {"A", "B"} and len(word) == len(longest) for word in words for at in _pairs(word)):
        return Schedule("randomized", len(longest) // 2, "", phase, baseline > 0)
    raise _NoScheduleError("the patients' sequences differ, and are not made of pairs")


def _word(periods: Sequence[Period], phase: int) -> str:
    """A letter a phase; A is the patient's first treatment, for in StudyU each participant says which is A."""
    word, letters = "", {}
    for place, period in enumerate(periods):
        if _days(period) % phase and place < len(periods) - 1:
            raise _NoScheduleError(
                f"all phases have one length in StudyU, the baseline too; here are a phase of {phase} days and a "
                f"period of {_days(period)}"
            )
        word += letters.setdefault(period.label, "AB"[min(len(letters), 1)]) * math.ceil(_days(period) / phase)
    return word


def _pairs(word: str) -> range:
    return range(0, len(word), 2)


def _days(period: Period) -> int:
    return period.last_day - period.first_day + 1
