"""From a design to the arm, the block and the label of each patient's days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model import NO_ARM, Schedule
from ..protocol import NO_TREATMENT, Protocol
from ..protocol.types import Design
from .schedule_days import cut, fit_default
from .schedule_letters import Letters, letters_of

__all__ = ["NO_TREATMENT_LABEL", "RUN_IN", "WASHOUT", "Timeline", "cut", "fit_default", "make_schedule", "timeline"]

NO_TREATMENT_LABEL = "No treatment"
"""What the treatment column says in the 'no_treatment' counterfactual, on the days that should have been treated."""

RUN_IN, WASHOUT = -2, -1
"""Stretches of the calendar that are no treatment period."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The calendar that all patients share.

    period : (days,) 0-based number of the treatment period; RUN_IN or WASHOUT on other days.
    block : (days,) 1-based number of the stretch, counting run-in and washouts too.
    kinds : per block, its treatment period, or RUN_IN or WASHOUT.
    """

    period: NDArray[np.int16]
    block: NDArray[np.int16]
    kinds: tuple[int, ...]


def timeline(design: Design) -> Timeline:
    """The design's stretches laid end to end, cut after `design.days`."""
    stretches = [(RUN_IN, design.baseline_days)]
    for period, days in enumerate(design.lengths_days):
        stretches += [(WASHOUT, design.washout_days)] * (period > 0) + [(period, days)]
    stretches = [(kind, days) for kind, days in stretches if days]
    kinds, lengths = np.array(stretches).T
    block = np.repeat(np.arange(1, len(kinds) + 1), lengths)[: design.days].astype(np.int16)
    kinds = kinds[: block[-1]]
    return Timeline(kinds[block - 1].astype(np.int16), block, tuple(kinds.tolist()))


def make_schedule(protocol: Protocol, first: int = 0, count: int | None = None) -> Schedule:
    """The schedule of the patients of rank `first` .. `first + count - 1` (default: all from `first` on).

    Any range alone gives the same rows as the whole, and one patient more changes nobody: patients are drawn from
    ``stream(seed, "P007", "schedule")``, blocks of patients from ``stream(seed, "design", block)``.

    Designs: 'abab', 'baba', 'thue_morse' (ABBA BAAB), 'randomized_pairs' (each pair AB or BA), 'counterbalanced'
    (rows of a Williams design in permuted blocks of patients), 'restricted' (uniform over balanced sequences with at
    most `max_run` equal periods in a row), 'latin_square' (a randomised cyclic square per block of patients, its rows
    repeated over the cycles), 'custom' (the words in turn).

    Counterfactuals: 'other_sequence' gives each period the next arm (A <-> B for two; with a single arm, treated and
    untreated periods change places). 'no_treatment' leaves all days without an arm, same blocks, labelled
    "No treatment". 'zero_effect' has the factual schedule.

    A period without treatment in a custom word is labelled as the run-in before the first treatment, and as a washout
    after it.
    """
    design = protocol.design
    count = max(0, protocol.cohort.patients - first) if count is None else count
    drawn = letters_of(protocol, first, count)
    letters = _other(drawn, len(design.arms)) if design.counterfactual == "other_sequence" else drawn
    labels = _labels(protocol)
    codes = _label_codes(protocol, letters, labels)
    if design.counterfactual == "no_treatment":
        letters = np.full_like(letters, NO_ARM)
    calendar = timeline(design)
    period_arm = np.hstack([letters, np.full((count, 2), NO_ARM, np.int16)])
    fixed = np.array([_code(labels, design.baseline_label), _code(labels, design.washout_label)], np.int16)
    period_label = np.hstack([codes, np.tile(fixed, (count, 1))])
    return Schedule(
        arms=tuple(design.arms),
        arm=period_arm[:, calendar.period],
        block=np.tile(calendar.block, (count, 1)),
        labels=labels,
        label=period_label[:, calendar.period],
        sequences=_sequences(period_label[:, list(calendar.kinds)], labels),
    )


def _labels(protocol: Protocol) -> tuple[str, ...]:
    """Every label that the design can show. Not only of these patients: codes must not depend on the range."""
    design = protocol.design
    free = NO_TREATMENT in "".join(design.words)
    shown = {
        design.baseline_label: design.baseline_days > 0 or free,
        design.washout_label: (design.washout_days > 0 and design.periods > 1) or free,
    }
    treated = [NO_TREATMENT_LABEL] if design.counterfactual == "no_treatment" else _arm_labels(protocol)
    return tuple(dict.fromkeys([*(label for label, is_shown in shown.items() if is_shown), *treated]))


def _arm_labels(protocol: Protocol) -> list[str]:
    return [protocol.label_of(arm) for arm in protocol.design.arms]


def _code(labels: tuple[str, ...], label: str) -> int:
    """Index of a label; 0 for one that the design never shows."""
    return labels.index(label) if label in labels else 0


def _other(letters: Letters, arms: int) -> Letters:
    """Every letter replaced by the next arm; a single arm changes places with no treatment."""
    if arms == 1:
        return np.where(letters == NO_ARM, 0, NO_ARM).astype(np.int16)
    return np.where(letters == NO_ARM, NO_ARM, (letters + 1) % arms).astype(np.int16)


def _label_codes(protocol: Protocol, letters: Letters, labels: tuple[str, ...]) -> Letters:
    """What the treatment column says in each treatment period, as an index into `labels`; (patients, periods)."""
    design = protocol.design
    if design.counterfactual == "no_treatment":
        arm_codes = np.full(len(design.arms), labels.index(NO_TREATMENT_LABEL), np.int16)
    else:
        arm_codes = np.array([labels.index(label) for label in _arm_labels(protocol)], np.int16)
    treated = letters != NO_ARM
    begun = np.maximum.accumulate(treated, axis=1)
    free = np.where(begun, _code(labels, design.washout_label), _code(labels, design.baseline_label))
    return np.where(treated, arm_codes[letters], free).astype(np.int16)


def _sequences(codes: Letters, labels: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Per patient, the labels of the blocks in order; patients with the same order share one tuple."""
    if not len(codes):
        return ()
    rows, which = np.unique(codes, axis=0, return_inverse=True)
    words = [tuple(labels[code] for code in row) for row in rows.tolist()]
    return tuple(words[i] for i in which.reshape(-1).tolist())
