"""The design report: what a protocol's schedule can show, before anything is simulated."""

from __future__ import annotations

import numpy as np

from ..model import Schedule
from ..protocol import Protocol
from ..severity.schedule import make_schedule
from ..severity.schedule_count import admissible
from .design_diagram import diagram_svg
from .design_facts import (
    UNKNOWN_CONFOUNDING,
    DesignReport,
    Words,
    blocks_of,
    calendar_of,
    carry_over_of,
    confounding_of,
    pair_p_of,
    sequences_of,
    wash_in_of,
    words_of,
)
from .design_statement import statement_of
from .design_text import to_markdown, to_text
from .design_warnings import condition_warnings, image_warnings, order_warnings, size_warnings, timing_warnings

__all__ = ["DesignReport", "design_report", "diagram_svg", "to_markdown", "to_text"]


def design_report(protocol: Protocol, schedule: Schedule | None = None) -> DesignReport:
    """Sequences, treatment/time confounding, smallest p, carry-over, warnings and the CENT items of a protocol.

    The sequences of a user's table (`design.sequence` 'given') are not in the protocol: give its `schedule`, or the
    report is without them. Its wash-in and carry-over are unknown and left out.

    Examples
    --------
    >>> from nof1sim.protocol import load_protocol
    >>> design_report(load_protocol("default")).admissible.smallest_p
    0.5
    """
    is_given = protocol.design.sequence == "given"
    if schedule is None and not is_given:
        schedule = make_schedule(protocol)
    calendar = calendar_of(protocol, schedule) if schedule else None
    sequences = sequences_of(schedule) if schedule else ()
    blocks, words = (), Words(np.empty((0, 0), np.int16), np.empty(0, np.int64))
    confounding = UNKNOWN_CONFOUNDING
    if calendar and schedule:
        blocks, words = blocks_of(calendar), words_of(calendar, schedule)
        confounding = confounding_of(calendar, words)
    begun = sum(block.period > 0 for block in blocks)
    counts, pair_p = admissible(protocol.design, protocol.cohort.patients, begun), pair_p_of(protocol, begun)
    wash_in = () if is_given else wash_in_of(protocol, blocks, words)
    carry_over = () if is_given else carry_over_of(protocol, blocks, words)
    return DesignReport(
        name=protocol.name,
        title=protocol.title,
        digest=protocol.digest,
        seed=protocol.seed,
        design=protocol.design.sequence,
        counterfactual=protocol.design.counterfactual,
        patients=protocol.cohort.patients,
        days=protocol.days,
        planned_days=protocol.days if is_given else protocol.design.planned_days,
        arms=tuple(protocol.label_of(arm) for arm in protocol.design.arms),
        blocks=blocks,
        sequences=sequences,
        confounding=confounding,
        admissible=counts,
        pair_p=pair_p,
        wash_in=wash_in,
        carry_over=carry_over,
        warnings=(
            *condition_warnings(protocol),
            *order_warnings(protocol, sequences, confounding),
            *timing_warnings(wash_in, carry_over),
            *(() if is_given else size_warnings(protocol, blocks, counts, pair_p)),
            *image_warnings(protocol),
        ),
        statement=statement_of(protocol, blocks, counts),
    )
