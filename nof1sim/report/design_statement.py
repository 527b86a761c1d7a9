"""The design in the items of CENT 2015 (N-of-1 trials) and SPENT 2019 (their protocols).

CENT: Vohra et al., BMJ 2015;350:h1738 and h1793. SPENT: Porcino et al., BMJ 2020;368:m122. The item numbers in
brackets are CENT's. What no protocol file can know is said to be missing, never invented.
"""

from __future__ import annotations

from ..protocol import Protocol
from ..severity.schedule_count import Admissible
from .design_facts import Block

_SEQUENCE = {
    "abab": "the order is the same for all patients (AB repeated), not randomised",
    "baba": "the order is the same for all patients (BA repeated), not randomised",
    "thue_morse": "the order is the same for all patients (ABBA BAAB ..., the Thue-Morse sequence), not randomised",
    "randomized_pairs": "within each pair of periods the order AB or BA is drawn for each patient with probability 1/2",
    "counterbalanced": "patients are allotted to the rows of a Williams design in permuted blocks",
    "restricted": "each patient's sequence is drawn uniformly from the balanced sequences with at most {run} equal "
    "periods in a row",
    "latin_square": "patients are allotted, in blocks, to the rows of randomised Latin squares",
    "given": "the sequences are those of the user's table; how they were made is not known",
    "custom": "sequences are fixed in the protocol ({words}), not randomised",
}


def statement_of(protocol: Protocol, blocks: tuple[Block, ...], admissible: Admissible) -> tuple[tuple[str, str], ...]:
    """(item, sentence) in the order of the checklist."""
    return (
        ("1a", _title(protocol)),
        ("2a.2", "Rationale for the N-of-1 design: not in the protocol file; state it."),
        ("3a", _design(protocol, blocks)),
        ("4a", _participants(protocol)),
        ("4c", "This is a simulation: no person was studied and no ethics approval was needed."),
        ("5", _interventions(protocol)),
        ("6a", _outcomes(protocol)),
        ("7a", _size(protocol, blocks)),
        ("7b", "Stopping: the length is fixed; no interim analysis."),
        ("8", _randomisation(protocol, admissible)),
        ("9", "Concealment: the sequence is generated from the seed; who sees it is not modelled."),
        ("11", _blinding(protocol)),
        ("12a-c", _analysis(protocol)),
    )


def _title(protocol: Protocol) -> str:
    kind = "A series of N-of-1 trials" if protocol.cohort.patients > 1 else "An N-of-1 trial"
    title = (protocol.title or protocol.name).rstrip(".")
    return f"{title}. Simulated." if "n-of-1" in title.lower() else f"{title}. {kind}, simulated."


def _design(protocol: Protocol, blocks: tuple[Block, ...]) -> str:
    design = protocol.design
    if design.sequence == "given":
        return f"Within-person comparison over {protocol.days} days; the periods are those of the user's table."
    lengths = [block.days for block in blocks if block.period]
    each = f"{lengths[0]} days each" if len(set(lengths)) == 1 else f"{', '.join(map(str, lengths))} days"
    run_in = f"run-in of {design.baseline_days} days" if design.baseline_days else "no run-in"
    washout = f"washout of {design.washout_days} days between periods" if design.washout_days else "no washout"
    periods = f"{len(lengths)} treatment periods ({each})" if lengths else "no treatment period"
    return (
        f"Within-person crossover: {run_in}, {periods}, {washout}; {design.days} days. "
        "The design is the same for all patients."
    )


def _participants(protocol: Protocol) -> str:
    cohort = protocol.cohort
    return (
        f"Condition: {protocol.condition.name}; ages {cohort.age_years.low:g} to {cohort.age_years.high:g} years, sex "
        "and skin type by quota. Concurrent treatment and comorbidity are not modelled."
    )


def _interventions(protocol: Protocol) -> str:
    adherence = protocol.severity.adherence
    taking = "all doses are taken" if adherence.mean >= 1 else f"mean adherence {adherence.mean:.0%}"
    letters = (f"{chr(65 + i)} = {protocol.label_of(arm)}" for i, arm in enumerate(protocol.design.arms))
    return f"{', '.join(letters)}; {taking}. Dose, route and product: not in the protocol file."


def _outcomes(protocol: Protocol) -> str:
    severity, images, observation = protocol.severity, protocol.images, protocol.observation
    raters = ", ".join(
        f"{rater.name} ({'lesion count' if rater.scores == 'count' else f'IGA, rule {protocol.condition.iga_rule}'})"
        for rater in observation.raters
    )
    photographs = f"{images.occasions_per_day} photograph{'s' if images.occasions_per_day > 1 else ''}"
    return (
        f"Daily severity on {severity.scale_low:g} to {severity.scale_high:g}, and {photographs} per day and view "
        f"({', '.join(images.views)}). Raters: {raters or 'none'}. Self-report: "
        f"{'0 to 10' if observation.self_report else 'none'}."
    )


def _size(protocol: Protocol, blocks: tuple[Block, ...]) -> str:
    lengths = [block.days for block in blocks if block.period]
    per_period = " to ".join(str(n * protocol.images.occasions_per_day) for n in sorted({*lengths[:1], *lengths[-1:]}))
    return (
        f"{protocol.cohort.patients} patients, {len(lengths)} treatment periods, {per_period or 0} measurements per "
        "period. No sample-size calculation stands in the protocol file; see the power calculation."
    )


def _randomisation(protocol: Protocol, admissible: Admissible) -> str:
    design = protocol.design
    how = _SEQUENCE[design.sequence].format(run=design.max_run, words=", ".join(design.words))
    return (
        f"Sequence generation: {how}; seed {protocol.seed}. One of {admissible.per_patient} admissible schedules per "
        "patient. The full list of periods is the report's table of sequences."
    )


def _blinding(protocol: Protocol) -> str:
    raters = protocol.observation.raters
    seeing = [rater.name for rater in raters if not rater.blinded]
    if not raters:
        return "No rater in the protocol; participants' expectations are part of the non-specific response."
    return f"Raters blinded, except {', '.join(seeing)}." if seeing else "Raters are blinded to the arm."


def _analysis(protocol: Protocol) -> str:
    severity, missing = protocol.severity, protocol.observation.missing
    slow = [
        name
        for name, is_on in (
            ("day-to-day autocorrelation", severity.fluctuation.sd > 0),
            ("a random walk", severity.drift.sd_per_day > 0),
            ("a linear trend", severity.trend.mean_per_day != 0 or severity.trend.sd_per_day > 0),
            ("a premenstrual cycle", severity.cycle.amplitude != 0),
        )
        if is_on
    ]
    curves = any(t.wash_in_days > 1 or t.wash_out_days > 1 for t in protocol.treatments.values())
    losses = any((missing.mcar, missing.mar, missing.mnar, missing.vacation, missing.dropout_per_day))
    return (
        f"To be handled: carry-over and wash-in ({'present' if curves else 'absent'} in the truth), period effects and "
        f"correlation of days ({', '.join(slow) or 'none'} in the truth), missing days "
        f"({'simulated' if losses else 'none'}), pooling over patients. The plan of analysis is not in the protocol."
    )
