"""What `--days N` does to a design: shape the default one, or cut the end off a given one."""

from __future__ import annotations

from ..errors import Fault, ProtocolError
from ..protocol import Protocol, with_changes

STEP_DAYS = 28
"""The default period; a trial of N days gets about as many periods as fit."""


def fit_default(protocol: Protocol, days: int) -> tuple[Protocol, str]:
    """The default design stretched or shrunk to `days`, and a sentence that says what was done.

    For two arms: k = max(1, round((days/28 - 1) / 2)) pairs, periods of days // (2k + 1), the rest goes to the
    baseline. (For n arms 2 becomes n.)

    Raises
    ------
    ProtocolError
        Fewer days than one cycle and a day of baseline need (3 for two arms).
    """
    arms = len(protocol.design.arms)
    if days < arms + 1:
        advice = f"One day of baseline and one of each of the {arms} arms is the least that can be compared."
        raise _refusal(days, f"{arms + 1} or more", advice)
    cycles = max(1, round((days / STEP_DAYS - 1) / arms))
    length = days // (arms * cycles + 1)
    baseline = days - arms * cycles * length
    design = {
        "cycles": cycles,
        "period_days": length,
        "baseline_days": baseline,
        "washout_days": 0,
        "end_day": None,
    }
    group = ("pair" if arms == 2 else "cycle") + ("s" if cycles > 1 else "")
    sentence = (
        f"{days} days: {baseline} of baseline, then {cycles} {group} of {length}-day periods "
        f"({arms * cycles * length} days). Write a protocol to choose other lengths."
    )
    return with_changes(protocol, design=design), sentence


def cut(protocol: Protocol, days: int) -> Protocol:
    """The protocol cut after `days`; all earlier days stay as they were.

    Raises
    ------
    ProtocolError
        `days` is longer than the protocol, or less than 1.
    """
    design = protocol.design
    if days == design.days:
        return protocol
    if days > design.days:
        if days <= design.planned_days:
            advice = f"The protocol itself ends on day {design.end_day}: raise or remove design.end_day."
        else:
            first = "lengthen design.custom, or raise" if design.sequence == "custom" else "raise design.cycles,"
            advice = f"--days only cuts: to extend the study {first} design.period_days or baseline_days."
        raise _refusal(days, f"1 to {design.days}", advice)
    if days < 1:
        raise _refusal(days, f"1 to {design.days}", "A study has at least one day.")
    return with_changes(protocol, design={"end_day": days})


def _refusal(days: int, allowed: str, advice: str) -> ProtocolError:
    fault = Fault("--days", days, allowed, advice)
    return ProtocolError(f"The number of days does not fit. {fault}", [fault])
