"""What a dataset card may say of a protocol: what the study itself would know. Nothing of effects, noise or twins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..dataset.statements import ABOUT, Persons
from ..protocol import Protocol

SEQUENCES = {
    "abab": "AB repeated, the same for all",
    "baba": "BA repeated, the same for all",
    "thue_morse": "ABBA BAAB ..., the same for all",
    "randomized_pairs": "within each pair of periods AB or BA at random, for each patient",
    "counterbalanced": "rows of a Williams design, allotted in permuted blocks",
    "restricted": "drawn from the balanced sequences without long runs, for each patient",
    "latin_square": "rows of randomised Latin squares, allotted in blocks",
    "custom": "fixed in the protocol",
    "given": "that of the given table",
}


def facts(protocol: Protocol, persons: Persons = "invented") -> tuple[tuple[str, str], ...]:
    """(what, how) of people, design, records and photographs: equal for a protocol and its null twin."""
    return (
        *_people(protocol, persons),
        ("condition", protocol.condition.name),
        ("treatments", ", ".join(_plain(protocol.label_of(arm)) for arm in protocol.design.arms)),
        ("design", _design(protocol)),
        ("recorded each day", _records(protocol)),
        ("photographs", _photographs(protocol)),
    )


def _people(protocol: Protocol, persons: Persons) -> tuple[tuple[str, str], ...]:
    cohort = protocol.cohort
    if persons == "photographs":
        return (("people", f"{cohort.patients} {ABOUT[persons].people}"),)
    return (
        ("people", f"{cohort.patients}, aged {cohort.age_years.low:g} to {cohort.age_years.high:g} years, invented"),
        ("sexes", _quota(cohort.sex)),
        ("Fitzpatrick skin types", _quota(cohort.fitzpatrick)),
    )


def _quota(weights: Mapping[Any, float]) -> str:
    """Shares of a quota: "F 50%, M 50%"."""
    total = sum(weights.values())
    return ", ".join(f"{name} {weight / total:.0%}" for name, weight in weights.items() if weight)


def _design(protocol: Protocol) -> str:
    design = protocol.design
    order = f"order: {SEQUENCES[design.sequence]}"
    if design.sequence == "given":
        return order
    lengths = sorted(set(design.lengths_days))
    periods = f"{design.periods} periods of {' to '.join(str(days) for days in {lengths[0]: 0, lengths[-1]: 0})} days"
    parts = (
        f"{design.baseline_days} days of {_plain(design.baseline_label)}" if design.baseline_days else "",
        periods,
        f"{design.washout_days} days of washout between them" if design.washout_days else "no washout",
    )
    return f"{', '.join(part for part in parts if part)}; {protocol.days} days; {order}"


def _records(protocol: Protocol) -> str:
    observation, severity = protocol.observation, protocol.severity
    raters = (
        f"{_plain(rater.name)} ({'lesion count' if rater.scores == 'count' else 'IGA'}"
        f"{'' if rater.blinded else ', not blinded'})"
        for rater in observation.raters
    )
    scale = protocol.given or severity
    parts = (
        f"severity on {scale.scale_low:g} to {scale.scale_high:g}",
        *raters,
        *(["the patient's own rating, 0 to 10"] if observation.self_report else []),
        *(_plain(covariate.name) for covariate in severity.covariates if covariate.recorded),
    )
    return ", ".join(parts)


def _photographs(protocol: Protocol) -> str:
    images = protocol.images
    if not images.enabled:
        return "none"
    views = len(images.views)
    return (
        f"{images.occasions_per_day} time{'s' if images.occasions_per_day > 1 else ''} a day, {views} "
        f"view{'s' if views > 1 else ''} ({', '.join(images.views)}), {images.size_px} px, {images.format}; "
        f"drawn by the renderer {_plain(images.renderer)}"
    )


def _plain(text: str) -> str:
    """A user's words in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "/").replace("<", "(").replace(">", ")")
