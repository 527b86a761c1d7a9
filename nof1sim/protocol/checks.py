"""What no single field can know: whether the parts of a protocol fit together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from .. import plugins
from ..errors import Fault, did_you_mean
from .images import KINDS, TREATMENT, Confounding
from .severity import Covariate
from .types import NO_TREATMENT, Protocol

MOST_STATES, MOST_PERIODS = 300_000, 400
"""Largest 'restricted' design: its sequences are counted by a dynamic program with about so many states."""

MOST_DAYS = 36_500

SCALE_TOP = {"hayashi": 3.0, "iga": 4.0}
"""Highest severity that the lesions can show, per count map; the lowest is 0."""

IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""`module:Thing`, code of the user's own."""

TWO_ARM = ("abab", "baba", "thue_morse", "randomized_pairs")


def cross_faults(protocol: Protocol) -> list[Fault]:
    """Every fault between the parts, in the order of the document."""
    parts = (_condition, _cohort, _design, _severity, _observation, _images)
    return [fault for part in parts for fault in part(protocol)]


def _condition(protocol: Protocol) -> Iterator[Fault]:
    condition = protocol.condition
    yield from plugin_faults("conditions", "condition.name", condition.name)
    if condition.name not in plugins.BUILT_IN["conditions"]:
        return  # code of somebody else's, which is not imported to read a protocol
    own = plugins.resolve("conditions", condition.name, "condition.name").option_names
    for key in sorted(condition.model_fields_set - {"name", *own}):
        allowed = f"no such option of the condition {condition.name!r}; it has: {', '.join(own)}"
        yield Fault(f"condition.{key}", getattr(condition, key), allowed, did_you_mean(key, own) or "Remove the key.")


def plugin_faults(kind: str, where: str, name: str) -> Iterator[Fault]:
    """The name of code must be known, or say where to import it from; it is not imported here."""
    known = sorted(plugins.known(kind))
    given_a_path = kind == "renderers" and name.partition(":")[0] in known  # learned:PATH
    if name not in known and not IMPORT_PATH.fullmatch(name) and not given_a_path:
        yield Fault(where, name, f"{', '.join(known)}, or module:Thing", did_you_mean(name, known))


def _cohort(protocol: Protocol) -> Iterator[Fault]:
    cohort = protocol.cohort
    if cohort.ids is not None:
        if len(cohort.ids) != cohort.patients:
            yield Fault("cohort.ids", cohort.ids, f"{cohort.patients} names", "Or change cohort.patients.")
        if twice := _repeated(cohort.ids):
            yield Fault("cohort.ids", twice, "every name once")
    ages = cohort.age_years
    if not 14 <= ages.low <= ages.high <= 45:
        yield Fault("cohort.age_years", (ages.low, ages.high), "14 <= low <= high <= 45")
    for part in ("sex", "fitzpatrick"):
        weights: dict[str, float] = getattr(cohort, part)
        if sum(weights.values()) <= 0:
            yield Fault(f"cohort.{part}", weights, "at least one weight above 0")


def _design(protocol: Protocol) -> Iterator[Fault]:
    design = protocol.design
    yield from arm_faults(design.arms, protocol.treatments)
    if twice := _repeated(design.arms):
        yield Fault("design.arms", twice, "every arm once", "Repeat it through the sequence.")
    if design.sequence in TWO_ARM and len(design.arms) != 2:
        advice = "For three or more arms use latin_square, restricted, counterbalanced or custom."
        yield Fault("design.sequence", design.sequence, f"two arms; here are {len(design.arms)}", advice)
    if design.sequence == "custom":
        yield from custom_faults(design.custom, len(design.arms))
    elif design.custom is not None:
        yield Fault("design.custom", design.custom, "nothing, unless design.sequence is 'custom'")
    if design.sequence == "restricted":
        yield from _restricted(protocol)
    if (design.sequence == "given") != (protocol.given is not None):
        allowed = "'given' together with the part 'given'"
        yield Fault("design.sequence", design.sequence, allowed, "Both come from a table of severities.")
    yield from _labels(protocol)
    if design.planned_days > MOST_DAYS:
        yield Fault("design", f"{design.planned_days} days", f"at most {MOST_DAYS} days", "Shorten or drop periods.")
    lengths = design.period_days
    if isinstance(lengths, list) and len(lengths) != design.periods:
        yield Fault("design.period_days", lengths, f"one length, or {design.periods} (one per treatment period)")
    elif design.end_day is not None and design.end_day > design.planned_days:
        advice = "A study is only cut by end_day; to extend it raise design.cycles, period_days or baseline_days."
        yield Fault("design.end_day", design.end_day, f"1 to {design.planned_days}", advice)


def arm_faults(arms: Iterable[str], treatments: Iterable[str]) -> Iterator[Fault]:
    """Every arm must be described."""
    known = sorted(treatments)
    for arm in arms:
        if arm not in known:
            advice = did_you_mean(arm, known) or "Describe it under 'treatments'."
            yield Fault("design.arms", arm, ", ".join(known), advice)


def _restricted(protocol: Protocol) -> Iterator[Fault]:
    """Balanced sequences with short runs must exist, and be few enough to count exactly."""
    design, arms = protocol.design, len(protocol.design.arms)
    if arms == 1 and design.cycles > design.max_run:
        yield Fault("design.max_run", design.max_run, f"{design.cycles} or more with a single arm")
    states = math.comb(design.cycles + arms, arms) * arms * min(design.max_run, design.cycles)
    if states > MOST_STATES or design.periods > MOST_PERIODS:
        allowed = f"fewer cycles for {arms} arms (at most {MOST_PERIODS} periods)"
        yield Fault("design.cycles", design.cycles, allowed, "Or another sequence: its sequences are counted exactly.")


def _labels(protocol: Protocol) -> Iterator[Fault]:
    """The treatment column must tell the arms apart, and from the days without treatment."""
    design = protocol.design
    arms = [arm for arm in design.arms if arm in protocol.treatments]
    labels = [protocol.label_of(arm) for arm in arms]
    if twice := _repeated(labels):
        yield Fault("treatments", twice, "every label once", "Set treatments.<arm>.label.")
    for where in ("baseline_label", "washout_label"):
        label: str = getattr(design, where)
        if not label.strip() or label in labels:
            yield Fault(f"design.{where}", label, "a text that no arm is labelled with")
    for arm, label in zip(arms, labels, strict=True):
        if not label.strip():
            yield Fault(f"treatments.{arm}.label", label, "a text, or nothing for the arm's name")


def custom_faults(custom: str | list[str] | None, arms: int) -> Iterator[Fault]:
    """Custom sequences are words of the arms' letters, all of one length."""
    words = [custom] if isinstance(custom, str) else custom or []
    letters = "ABCDEFGHIJKL"[:arms] + NO_TREATMENT
    if not words or not all(words):
        yield Fault("design.custom", custom, f"a word of the letters {', '.join(letters)}, such as 'ABBA'")
    for word in words:
        if strange := sorted(set(word) - set(letters)):
            yield Fault("design.custom", word, f"the letters {', '.join(letters)}; not {', '.join(strange)}")
    if len({len(word) for word in words}) > 1:
        yield Fault("design.custom", words, "words of one length")


def _severity(protocol: Protocol) -> Iterator[Fault]:
    severity = protocol.severity
    count_map = protocol.condition.count_map
    top = SCALE_TOP[count_map]
    if severity.scale_low != 0.0:
        yield Fault("severity.scale_low", severity.scale_low, "0", "A severity of 0 is clear skin.")
    if not 0.0 < severity.scale_high <= top:
        allowed = f"above 0, at most {top:g}: lesions of the count map {count_map!r} show no more"
        yield Fault("severity.scale_high", severity.scale_high, allowed, "Rescale baseline and effects to it.")
    for name in ("baseline", "comedone_ratio"):
        base = getattr(severity, name)
        if base.distribution == "lognormal" and base.mean <= 0:
            yield Fault(f"severity.{name}.mean", base.mean, "above 0 for a lognormal")
        if base.low is not None and base.high is not None and base.low >= base.high:
            yield Fault(f"severity.{name}.low", base.low, f"less than high ({base.high})")
    yield from _covariates(severity.covariates)


def _covariates(covariates: list[Covariate]) -> Iterator[Fault]:
    names = [covariate.name for covariate in covariates]
    if twice := _repeated(names):
        yield Fault("severity.covariates", twice, "every name once")
    same_day = {c.name: {e.source for e in c.parents if e.lag_days == 0} for c in covariates}
    for i, covariate in enumerate(covariates):
        for j, edge in enumerate(covariate.parents):
            if edge.source not in names:
                where = f"severity.covariates.{i}.parents.{j}.source"
                yield Fault(where, edge.source, ", ".join(names), did_you_mean(edge.source, names))
    while free := [name for name, parents in same_day.items() if not parents & same_day.keys()]:
        for name in free:
            del same_day[name]
    if same_day:
        advice = "Break the circle, or give one of its arrows a lag of at least 1 day."
        yield Fault("severity.covariates", sorted(same_day), "a directed acyclic graph at lag 0", advice)


def _observation(protocol: Protocol) -> Iterator[Fault]:
    observation, missing = protocol.observation, protocol.observation.missing
    if twice := _repeated(rater.name for rater in observation.raters):
        yield Fault("observation.raters", twice, "every name once")
    if missing.vacation_low_days > missing.vacation_high_days:
        given = (missing.vacation_low_days, missing.vacation_high_days)
        yield Fault("observation.missing.vacation_low_days", given, "at most vacation_high_days")


def _images(protocol: Protocol) -> Iterator[Fault]:
    images = protocol.images
    yield from plugin_faults("renderers", "images.renderer", images.renderer)
    if twice := _repeated(images.views):
        yield Fault("images.views", twice, "every view once")
    if twice := _repeated(images.layers):
        yield Fault("images.layers", twice, "every layer once")
    yield from _confounding(images.confounding, protocol.design.arms)


def _confounding(confounding: Confounding, arms: list[str]) -> Iterator[Fault]:
    where = "images.confounding"
    if twice := _repeated(confounding.of):
        yield Fault(f"{where}.of", twice, "every kind once")
    if confounding.strength > 0 and not confounding.of:
        yield Fault(f"{where}.of", confounding.of, f"one or more of {', '.join(KINDS)}", "Or set strength to 0.")
    known = [*arms, TREATMENT]
    if confounding.toward not in known:
        toward = confounding.toward
        yield Fault(f"{where}.toward", toward, ", ".join(known), did_you_mean(toward, known))


def _repeated(names: Iterable[str]) -> list[str]:
    names = list(names)
    return sorted({name for name in names if names.count(name) > 1})
