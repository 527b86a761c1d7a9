"""StudyU studies as protocols: the schedule, the two interventions, photographs a day. Effects are not in StudyU.

Read from the study definition's JSON, or from the `study_definition.json` of an export zip. Format: hpi-studyu/studyu,
state of July 2026. StudyU has two arms a participant, one length for all phases, and no washout.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Fault, InputError, did_you_mean, shorten

Document = dict[str, Any]

SEQUENCES = ("alternating", "counterBalanced", "randomized", "customized")
DEFINITION = "study_definition.json"


@dataclass(frozen=True, slots=True)
class _Schedule:
    """`schedule` of a definition, checked."""

    cycles: int
    phase_days: int
    baseline: bool
    sequence: str
    custom: str


def import_studyu(path: str | Path) -> tuple[Document, list[str]]:
    """A protocol document (for `load_protocol`, or to write as YAML) and notes on what StudyU does not say.

    Raises
    ------
    InputError
        Not readable, not JSON, or not a StudyU study; lists all faults with their path, e.g. `schedule.sequence`.
    """
    path = Path(path)
    study = _read(path)
    faults: list[Fault] = []
    schedule = _schedule(study, faults)
    arms = _arms(study, faults)
    if faults or schedule is None:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise InputError(f"{path} has {len(faults)} fault{'s' if len(faults) > 1 else ''}:\n{lines}")
    notes: list[str] = []
    treatments, effects = _treatments(arms)
    title = str(study.get("title") or "A StudyU study")
    document: Document = {
        "schema_version": 1,
        "name": _name(title),
        "title": title,
        "description": str(study.get("description") or ""),
        "sources": [f"Design: StudyU study {study.get('id', 'without id')}; effects: none, to be filled in"],
        "seed": 0,
        "condition": "acne",
        "design": {"arms": list(treatments)} | _design(schedule, notes),
        "treatments": treatments,
        "severity": "hettich2024",
        "images": {"occasions_per_day": _occasions(study, notes)},
    }
    notes += [effects, *_selection(study, arms), *_primary(study)]
    return document, notes


def _read(path: Path) -> Mapping[str, Any]:
    advice = "Give the study's JSON as StudyU shows it, or its export zip."
    if not path.is_file():
        raise InputError(f"{path}: no such file. {advice}")
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                inside = next((name for name in archive.namelist() if name.split("/")[-1] == DEFINITION), None)
                if inside is None:
                    raise InputError(f"{path}: the zip holds no {DEFINITION}. {advice}")
                text = archive.read(inside).decode("utf-8-sig")
        else:
            text = path.read_text(encoding="utf-8-sig")
        study = json.loads(text)
    except (OSError, ValueError, RecursionError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error}). {advice}") from error
    if not isinstance(study, dict):
        raise InputError(f"{path}: a StudyU study is a JSON object; got {type(study).__name__}. {advice}")
    return study


def _schedule(study: Mapping[str, Any], faults: list[Fault]) -> _Schedule | None:
    given = study.get("schedule")
    if not isinstance(given, dict):
        faults.append(
            Fault("schedule", given, "an object with numberOfCycles, phaseDuration, sequence", "Is it StudyU?")
        )
        return None
    before = len(faults)
    cycles, phase = (_whole(given, key, faults) for key in ("numberOfCycles", "phaseDuration"))
    baseline = given.get("includeBaseline", True)
    if not isinstance(baseline, bool):
        faults.append(Fault("schedule.includeBaseline", baseline, "true or false"))
    sequence, custom = given.get("sequence", "alternating"), given.get("sequenceCustom", "")
    if sequence not in SEQUENCES:
        faults.append(Fault("schedule.sequence", sequence, ", ".join(SEQUENCES), did_you_mean(sequence, SEQUENCES)))
    elif sequence == "customized" and not (isinstance(custom, str) and re.fullmatch("[AB]+", custom)):
        faults.append(Fault("schedule.sequenceCustom", custom, "letters A and B, such as 'ABBA'"))
    if len(faults) > before:
        return None
    return _Schedule(cycles, phase, bool(baseline), str(sequence), str(custom))


def _whole(given: Mapping[str, Any], key: str, faults: list[Fault]) -> int:
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        advice = "" if key in given else "Add the key."
        faults.append(Fault(f"schedule.{key}", value, "a whole number from 1 to 1000", advice))
        return 1
    return value


def _arms(study: Mapping[str, Any], faults: list[Fault]) -> list[tuple[str, str]]:
    """(id, name) of interventions A and B."""
    given = study.get("interventions")
    known = [one for one in given if isinstance(one, dict) and one.get("id")] if isinstance(given, list) else []
    arms = [(str(one["id"]), str(one.get("name") or one["id"])) for one in known if one["id"] != "__baseline"]
    if len(arms) < 2 or len({key for key, _ in arms}) < len(arms):
        faults.append(Fault("interventions", shorten(given), "two or more objects, each with an id of its own"))
        return []
    chosen = study.get("selected_intervention_ids")
    if chosen is None:
        return arms[:2]
    by_id = dict(arms)
    if not isinstance(chosen, list) or len(chosen) != 2 or not all(str(key) in by_id for key in chosen):
        faults.append(Fault("selected_intervention_ids", chosen, f"two of {', '.join(by_id)}"))
        return []
    return [(str(key), by_id[str(key)]) for key in chosen]


def _treatments(arms: list[tuple[str, str]]) -> tuple[Document, str]:
    made: Document = {}
    for _, label in arms:
        word = _name(label)
        name = next(one for one in (word, *(f"{word[:37]}_{i}" for i in (2, 3))) if one not in made)
        twice = any(treatment["label"] == label for treatment in made.values())
        made[name] = {
            "label": f"{label} (B)" if twice else label,
            "effect": 0.0,
            "wash_in_days": 1.0,
            "wash_out_days": 1.0,
            "patient_sd": 0.0,
        }
    names = " and ".join(f"treatments.{name}" for name in made)
    note = (
        f"StudyU knows no effects: they are 0, at once, without differences between patients. Fill in {names}: effect "
        "(severity units at steady state, negative = better), wash_in_days (tau), wash_out_days (gamma), patient_sd. "
        "The placebo response and noise are those of the parameter set hettich2024."
    )
    return made, note


def _name(text: str) -> str:
    """A name fit for a protocol."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:40].rstrip("_")
    return word if word[:1].isalpha() else f"x_{word}".rstrip("_")[:40]


def _design(schedule: _Schedule, notes: list[str]) -> Document:
    made: Document = {
        "period_days": schedule.phase_days,
        "baseline_days": schedule.phase_days if schedule.baseline else 0,
        "washout_days": 0,
    }
    match schedule.sequence:
        case "alternating":
            return made | {"sequence": "abab", "cycles": schedule.cycles}
        case "randomized":
            notes.append(
                "StudyU shuffles the cycles after the first one and does not store the draw: here every pair is drawn, "
                "the first one too. The order that took place stands only in the rows of an export."
            )
            return made | {"sequence": "randomized_pairs", "cycles": schedule.cycles}
        case "counterBalanced":
            word = "".join("BA" if (cycle + cycle // 2) % 2 else "AB" for cycle in range(schedule.cycles))
            return made | {"sequence": "custom", "custom": word}
        case _:
            return made | {"sequence": "custom", "custom": schedule.custom * schedule.cycles}


def _surveys(study: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Each observation and its questions, as far as they are objects."""
    observations = study.get("observations")
    for one in observations if isinstance(observations, list) else []:
        if isinstance(one, dict):
            questions = one.get("questions")
            yield one, [q for q in questions if isinstance(q, dict)] if isinstance(questions, list) else []


def _occasions(study: Mapping[str, Any], notes: list[str]) -> int:
    """Photographs a day: the completion periods of the survey that asks for an image."""
    for survey, questions in _surveys(study):
        if any(question.get("type") == "ImageCapturingQuestion" for question in questions):
            timing = survey.get("schedule")
            periods = timing.get("completionPeriods") if isinstance(timing, dict) else None
            return min(24, max(1, len(periods))) if isinstance(periods, list) else 1
    notes.append("No question of the study asks for a photograph: one photograph a day was assumed.")
    return 1


def _selection(study: Mapping[str, Any], arms: list[tuple[str, str]]) -> list[str]:
    letters = f"A = {arms[0][1]}, B = {arms[1][1]}"
    if study.get("selected_intervention_ids") is not None:
        return [f"Interventions: {letters}, as selected."]
    first = "the first two interventions of the study" if len(study["interventions"]) > 2 else "in the study's order"
    return [
        f"Interventions: {letters} ({first}); in StudyU each participant picks two, so participants may differ.",
        "The number of participants is not in the definition: cohort.patients is the default of 10.",
    ]


def _primary(study: Mapping[str, Any]) -> list[str]:
    """What the primary outcome is and on which scale."""
    report = study.get("report_specification")
    primary = report.get("primary") if isinstance(report, dict) else None
    target = primary.get("resultProperty") if isinstance(primary, dict) else None
    if not isinstance(primary, dict) or not isinstance(target, dict):
        return ["The study names no primary outcome; nof1sim records severity on 0 to 3."]
    for survey, questions in _surveys(study):
        for question in questions:
            if survey.get("id") == target.get("task") and question.get("id") == target.get("property"):
                low, high = question.get("minimum"), question.get("maximum")
                scale = f"{low} to {high}, step {question.get('step', '?')}" if low is not None else "no numeric scale"
                return [
                    f"Primary outcome: question {question['id']!r} of {survey.get('title', survey.get('id'))!r} "
                    f"({question.get('type')}, {scale}; improvement: {primary.get('improvement', 'not said')}). "
                    "nof1sim records severity on 0 to 3; a 0 to 10 answer of the patient is observation.self_report."
                ]
    return [f"The primary outcome {target} is no question of the study; nof1sim records severity on 0 to 3."]
