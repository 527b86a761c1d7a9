"""What somebody should know before running a design."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..conditions.design import crossover_warning
from ..protocol import Protocol
from ..severity.schedule_count import Admissible
from .design_facts import Block, CarryOver, Confounding, SequenceCount, WashIn

TAUS, CARRY_OVER_SHARE, ALPHA = 3.0, 0.10, 0.05
"""Warn of periods shorter than so many tau (95 % washed in), of a larger carry-over, of p that stay above."""


def order_warnings(protocol: Protocol, sequences: tuple[SequenceCount, ...], confounding: Confounding) -> Iterator[str]:
    """Treatment and time."""
    patients, r = protocol.cohort.patients, confounding.mean
    if patients > 1 and len(sequences) == 1 and len(set(sequences[0].labels)) > 1:
        order = ", ".join(sequences[0].labels)
        trend = (
            f"correlation of arm and study day {r:+.2f}"
            if np.isfinite(r) and abs(r) > 0.02
            else "a linear trend cancels, other effects of the period do not"
        )
        yield (
            f"All {patients} patients have the same order ({order}): treatment and period are confounded ({trend}). "
            "Use randomized_pairs or counterbalanced."
        )
    elif np.isfinite(r) and abs(r) > 0.25 and patients > 2:
        yield f"Treatment goes with time: correlation of arm and study day over the patients {r:+.2f}."


def timing_warnings(wash_in: tuple[WashIn, ...], carry_over: tuple[CarryOver, ...]) -> Iterator[str]:
    """Wash-in against the length of periods, wash-out against the washout."""
    for row in wash_in:
        if row.tau_days > 1 and row.period_days < TAUS * row.tau_days:
            yield (
                f"{row.label}: periods of {row.period_days} days are shorter than 3 tau ({TAUS * row.tau_days:g} "
                f"days); the effect reaches {row.on_last_day:.0%} of its steady state."
            )
    for row in carry_over:
        if row.mean > CARRY_OVER_SHARE:
            gap = f"after a washout of {row.gap_days} days" if row.gap_days else "without washout"
            yield (
                f"{row.label}: {gap}, {row.on_first_day:.0%} of its effect is still there on the first day of the "
                f"next period and {row.mean:.0%} on average over its {row.period_days} days. An analysis must model "
                "carry-over or drop the first days."
            )


def size_warnings(
    protocol: Protocol, blocks: tuple[Block, ...], admissible: Admissible, pair_p: float | None
) -> Iterator[str]:
    """A cut study, and randomisation tests that can never reject."""
    design = protocol.design
    begun = sum(block.period > 0 for block in blocks)
    if begun < design.periods:
        yield f"The study ends on day {design.days}: {design.periods - begun} of {design.periods} periods never begin."
    elif design.days < design.planned_days:
        yield f"The study ends on day {design.days}, {design.planned_days - design.days} days before its last period."
    if admissible.per_patient == 1:
        text = "The design draws nothing at random for a patient: no randomisation test of one patient is valid"
        yield text + (f" (a phase-pair test would stop at p = {pair_p:.3g})." if pair_p else ".")
    elif admissible.smallest_p > ALPHA:
        yield (
            f"A randomisation test of one patient can never reach {ALPHA}: {admissible.per_patient} schedules, "
            f"smallest p = {admissible.smallest_p:.3g}."
        )


def condition_warnings(protocol: Protocol) -> Iterator[str]:
    """A condition that does not come back, in a design that switches treatments."""
    if warning := crossover_warning(protocol):
        yield warning


def image_warnings(protocol: Protocol) -> Iterator[str]:
    """Photographs that go with the treatment."""
    warning = protocol.images.confounding.warning
    if warning and protocol.images.enabled:
        yield warning
