"""study_definition.json: a dataset's study as StudyU would have defined it, without any truth.

Field names: hpi-studyu/studyu, core models, state of July 2026 (as `nof1sim.protocol.studyu` reads them).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..statements import Persons
from .design import Study
from .studyu_plan import Schedule

SURVEY, SURVEY_TITLE = "daily", "Skin today"
SEVERITY, SELF_REPORT, IMAGE = "severity", "self_report", "image_"
DESCRIPTIONS: dict[Persons, str] = {
    "invented": "Simulated with nof1sim: no participant is real. Not for diagnosis.",
    "photographs": "Simulated with nof1sim on photographs of real persons, who took no part. Not for diagnosis.",
}
DONE = (
    "An intervention task counts as done on every day of its phase until the participant left: doses are not observed."
)
SCORE_STEP = 0.001


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the daily survey and the column of observations.csv that answers it."""

    id: str
    column: str
    document: Mapping[str, Any]


def uuid_of(digest: str, *address: object) -> str:
    """An id in the shape of a UUID (version 8: made by the application) from the dataset's digest and an address."""
    text = "\x1f".join(map(str, (digest, *address)))
    raw = bytearray(hashlib.blake2b(text.encode(), digest_size=16, person=b"nof1sim-studyu").digest())
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def questions(study: Study, views: Sequence[str], self_report: bool) -> list[Question]:
    """The severity, the photographs by view, and the patient's own rating if the study asked for it."""
    low, high = study.scale
    asked = [Question(SEVERITY, "AcneSeverity", _scale(SEVERITY, "Severity", low, high, SCORE_STEP))]
    for view in views:
        document = {"type": "ImageCapturingQuestion", "id": f"{IMAGE}{view}", "prompt": f"Photograph, {view}"}
        asked.append(Question(document["id"], f"image_{view}", document))
    if self_report:
        own = _scale(SELF_REPORT, "How bad is your skin today?", 0, 10, 0.01)
        asked.append(Question(SELF_REPORT, SELF_REPORT, own))
    return asked


def definition(
    digest: str,
    study: Study,
    schedule: Schedule,
    asked: Sequence[Question],
    interventions: Mapping[str, str],
    occasions: int,
    notes: Sequence[str],
    persons: Persons = "invented",
) -> dict[str, Any]:
    """The document. `interventions`: label -> id; `occasions`: photographs a day."""
    return {
        "id": uuid_of(digest, "study"),
        "title": study.title,
        "description": " ".join((DESCRIPTIONS[persons], *notes)),
        "status": "closed",
        "participation": "invite",
        "icon_name": "accountHeart",
        "contact": {"organization": "", "institutionalReviewBoard": "", "researchers": "", "email": "", "phone": ""},
        "questionnaire": [],
        "eligibility_criteria": [],
        "consent": [],
        "schedule": schedule.document(),
        "interventions": [_intervention(id, label, digest) for label, id in interventions.items()],
        "observations": [
            {
                "type": "questionnaire",
                "id": SURVEY,
                "title": SURVEY_TITLE,
                "schedule": {"reminders": [], "completionPeriods": [_hours(k, occasions) for k in range(occasions)]},
                "questions": [dict(question.document) for question in asked],
            }
        ],
        "report_specification": {
            "primary": {
                "id": "primary",
                "type": "linearRegression",
                "title": "Severity by intervention",
                "alpha": 0.05,
                "improvement": "negative",
                "resultProperty": {"task": SURVEY, "property": SEVERITY},
            },
            "secondary": [],
        },
        "results": [],
    }


def task_of(id: str, label: str, digest: str) -> tuple[str, str]:
    """Id and title of an intervention's one task."""
    return uuid_of(digest, "task", id), f"Use {label}"


def _intervention(id: str, label: str, digest: str) -> dict[str, Any]:
    task, title = task_of(id, label, digest)
    periods = {"reminders": [], "completionPeriods": [_hours(0, 1)]}
    tasks = [{"type": "checkmark", "id": task, "title": title, "schedule": periods}]
    return {"id": id, "name": label, "icon": "", "description": "", "tasks": tasks}


def _scale(id: str, prompt: str, low: float, high: float, step: float) -> dict[str, Any]:
    limits = {"minimum": low, "maximum": high, "step": step, "initial": low}
    return {"type": "visualAnalogue", "id": id, "prompt": prompt, **limits}


def _hours(place: int, number: int) -> dict[str, str]:
    """The `place`-th of `number` equal parts of the day."""
    first, last = 1440 * place // number, 1440 * (place + 1) // number - 1
    return {"id": f"p{place + 1}", "unlockTime": _clock(first), "lockTime": _clock(last)}


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
