"""The numbers of a design report: calendar, sequences, confounding with time, carry-over, warnings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model import Floats, Schedule, patient_key
from ..protocol import Protocol
from ..severity.schedule import RUN_IN, WASHOUT, Timeline, timeline
from ..severity.schedule_count import Admissible


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the calendar: its 1-based number, what it is, its first and last day (1-based, inclusive).

    period : 1-based number of the treatment period; 0 for run-in and washout.
    """

    number: int
    kind: str  # "run-in", "washout" or "period 1" ...
    period: int
    first_day: int
    last_day: int

    @property
    def days(self) -> int:
        return self.last_day - self.first_day + 1


@dataclass(frozen=True, slots=True)
class SequenceCount:
    """A sequence of labels, how many patients have it, and the first of them (`P001` ...)."""

    labels: tuple[str, ...]
    patients: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WashIn:
    """Share of an arm's steady-state effect reached in a period: on its last day, and on average over it.

    1 - (1 - 1/tau)^d after d days, from nothing.  periods : 1-based treatment periods of this length.
    """

    label: str
    tau_days: float
    periods: tuple[int, ...]
    period_days: int
    on_last_day: float
    mean: float


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Share of what an arm had reached when it stopped that is still there in the next period.

    (1 - 1/gamma)^d on the d-th day without it; d counts the washout of `gap_days` too.
    """

    label: str
    gamma_days: float
    periods: tuple[int, ...]
    period_days: int
    gap_days: int
    on_first_day: float
    mean: float


@dataclass(frozen=True, slots=True)
class Confounding:
    """How treatment goes with time.

    per_patient : (patients,) correlation of the later-named arm with study day over the treatment periods; the
        multiple correlation (>= 0) for three and more arms; NaN where a patient has one arm only.
    mean : its mean over patients (for three and more arms the multiple correlation over all patient-days): far from 0,
        a time trend biases the pooled contrast.  mean_abs : mean of its size.
    vif : mean variance inflation 1/(1 - r^2) of the contrast when a linear trend is adjusted for.
    period_arm : Cramer's V between period number and arm over the cohort: 1 = each period has one arm; NaN for one
        patient.
    """

    per_patient: Floats
    mean: float
    mean_abs: float
    vif: float
    period_arm: float


UNKNOWN_CONFOUNDING = Confounding(np.empty(0), np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class DesignReport:
    """What a design can and cannot show, before any patient is simulated.

    pair_p : smallest p of a phase-pair test (signs of the adjacent A/B pairs exchanged): 2/2^pairs. Valid only where
        the pairs were randomised; for a fixed order it says what an analysis could pretend to.
    statement : CENT/SPENT items and their sentences.
    """

    name: str
    title: str
    digest: str
    seed: int
    design: str
    counterfactual: str
    patients: int
    days: int
    planned_days: int
    arms: tuple[str, ...]
    blocks: tuple[Block, ...]
    sequences: tuple[SequenceCount, ...]
    confounding: Confounding
    admissible: Admissible
    pair_p: float | None
    wash_in: tuple[WashIn, ...]
    carry_over: tuple[CarryOver, ...]
    warnings: tuple[str, ...]
    statement: tuple[tuple[str, str], ...]


def calendar_of(protocol: Protocol, schedule: Schedule) -> Timeline | None:
    """The calendar that all patients share; for a user's table the one that it shows, None where patients differ."""
    if protocol.design.sequence != "given":
        return timeline(protocol.design)
    block, treated = schedule.block, schedule.arm >= 0
    if not block.size or (block != block[0]).any() or (treated != treated[0]).any():
        return None
    starts = np.flatnonzero(np.diff(block[0], prepend=block[0, 0] - 1))
    kinds, periods = [], 0
    for is_treated in treated[0, starts].tolist():
        kinds.append(periods if is_treated else WASHOUT if periods else RUN_IN)
        periods += is_treated
    number = np.cumsum(np.isin(np.arange(block.shape[1]), starts))
    return Timeline(np.array(kinds)[number - 1].astype(np.int16), number.astype(np.int16), tuple(kinds))


def blocks_of(calendar: Timeline) -> tuple[Block, ...]:
    """The calendar, cut at the study's end."""
    names = {RUN_IN: "run-in", WASHOUT: "washout"}
    first, blocks = 1, []
    for number, kind in enumerate(calendar.kinds, start=1):
        days = int((calendar.block == number).sum())
        what = names.get(kind, f"period {kind + 1}")
        blocks.append(Block(number, what, max(0, kind + 1), first, first + days - 1))
        first += days
    return tuple(blocks)


def sequences_of(schedule: Schedule, first_rank: int = 0) -> tuple[SequenceCount, ...]:
    """The sequences that occur, the most frequent first, each with at most its first three patients."""
    found: dict[tuple[str, ...], list[int]] = {}
    for rank, labels in enumerate(schedule.sequences, start=first_rank):
        found.setdefault(labels, []).append(rank)
    rows = [SequenceCount(word, len(ranks), tuple(map(patient_key, ranks[:3]))) for word, ranks in found.items()]
    return tuple(sorted(rows, key=lambda row: -row.patients))


@dataclass(frozen=True, slots=True)
class Words:
    """The different sequences of arms: `arms` (words, periods begun), `which` (patients,) the word of each patient."""

    arms: NDArray[np.int16]
    which: NDArray[np.intp]

    def given(self, arm: int, after: bool = False) -> frozenset[int]:
        """The 1-based periods in which an arm is given, or that follow it with something else."""
        hit = self.arms == arm
        if after:
            hit = np.hstack([np.zeros((len(hit), 1), bool), hit[:, :-1] & ~hit[:, 1:]])
        return frozenset((np.flatnonzero(hit.any(axis=0)) + 1).tolist())


def words_of(calendar: Timeline, schedule: Schedule) -> Words:
    """The arm of each treatment period that takes place, patients with equal ones taken together."""
    period = calendar.period
    periods, starts = np.unique(period, return_index=True)
    words, which = np.unique(schedule.arm[:, starts[periods >= 0]], axis=0, return_inverse=True)
    return Words(words, which.reshape(-1))


def confounding_of(calendar: Timeline, words: Words) -> Confounding:
    """Correlation of the arms with study day and with period number, over the days of the treatment periods."""
    period = calendar.period
    day = np.flatnonzero(period >= 0)
    if not day.size:
        return Confounding(np.full(words.which.size, np.nan), np.nan, np.nan, np.nan, np.nan)
    arm = words.arms[:, period[day]]
    r = np.array([_time_correlation(row, day) for row in arm])[words.which]
    known, v = r[np.isfinite(r)], _period_arm(words)
    if not known.size:
        return Confounding(r, np.nan, np.nan, np.nan, v)
    vif = float(np.mean(1.0 / np.maximum(1.0 - known**2, 1e-12)))
    mean = float(known.mean()) if np.unique(words.arms).size == 2 else _pooled(arm, day, words.which)
    return Confounding(r, mean, float(np.abs(known).mean()), vif, v)


def _pooled(arm: NDArray[np.int16], day: NDArray[np.intp], which: NDArray[np.intp]) -> float:
    """Multiple correlation of arm and study day over all patient-days."""
    times = np.bincount(which, minlength=len(arm)).astype(float)
    levels = np.unique(arm)
    days_on = np.array([times @ (arm == level) for level in levels])  # (levels, days) patient-days
    total = days_on.sum(axis=1)
    between = (total * (days_on @ day / total - day.mean()) ** 2).sum()
    return float(np.sqrt(between / (total.sum() * day.var())))


def _time_correlation(arm: NDArray[np.int16], day: NDArray[np.intp]) -> float:
    """Signed for two levels (the higher arm against day), the multiple correlation for more; NaN for one."""
    levels, codes = np.unique(arm, return_inverse=True)
    if levels.size < 2:
        return float("nan")
    if levels.size == 2:
        return float(np.corrcoef(codes, day)[0, 1])
    means = np.bincount(codes, day) / np.bincount(codes)
    return float(np.std(means[codes]) / np.std(day))


def _period_arm(words: Words) -> float:
    """Cramer's V of the table arm x period number, patients counted; NaN for a single patient."""
    if words.which.size < 2:
        return float("nan")
    times = np.bincount(words.which, minlength=len(words.arms)).astype(float)
    table = np.array([times @ (words.arms == level) for level in np.unique(words.arms)])
    if min(table.shape) < 2:
        return float("nan")
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    chi2 = ((table - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi2 / table.sum() / (min(table.shape) - 1)))


def wash_in_of(protocol: Protocol, blocks: tuple[Block, ...], words: Words) -> tuple[WashIn, ...]:
    """One row per arm and length of the periods in which it is given; inactive arms have nothing to reach."""
    rows = []
    for code, arm in enumerate(protocol.design.arms):
        treatment = protocol.treatments[arm]
        label, tau = protocol.label_of(arm), treatment.wash_in_days
        for days, periods in _by_length(blocks, words.given(code)).items() if treatment.active else ():
            reached = 1.0 - (1.0 - 1.0 / tau) ** np.arange(1, days + 1)
            rows.append(WashIn(label, tau, periods, days, float(reached[-1]), float(reached.mean())))
    return tuple(rows)


def carry_over_of(protocol: Protocol, blocks: tuple[Block, ...], words: Words) -> tuple[CarryOver, ...]:
    """One row per arm and length of the periods that follow it with something else."""
    rows, gap = [], protocol.design.washout_days
    for code, arm in enumerate(protocol.design.arms):
        treatment = protocol.treatments[arm]
        label, gamma = protocol.label_of(arm), treatment.wash_out_days
        for days, periods in _by_length(blocks, words.given(code, after=True)).items() if treatment.active else ():
            still = (1.0 - 1.0 / gamma) ** np.arange(gap + 1, gap + days + 1)
            rows.append(CarryOver(label, gamma, periods, days, gap, float(still[0]), float(still.mean())))
    return tuple(rows)


def _by_length(blocks: tuple[Block, ...], wanted: frozenset[int]) -> dict[int, tuple[int, ...]]:
    """Length in days -> those of the wanted treatment periods (1-based) that have it."""
    found: dict[int, tuple[int, ...]] = {}
    for block in blocks:
        if block.period in wanted:
            found[block.days] = (*found.get(block.days, ()), block.period)
    return found


def pair_p_of(protocol: Protocol, periods: int) -> float | None:
    """2/2^pairs for two arms whose periods come in pairs; None otherwise."""
    paired = ("abab", "baba", "thue_morse", "randomized_pairs", "counterbalanced")
    design = protocol.design
    if len(design.arms) != 2 or periods < 2 or design.sequence not in paired:
        return None
    return min(1.0, 2.0 / 2 ** (periods // 2))
