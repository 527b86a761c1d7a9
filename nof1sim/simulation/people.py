"""The cohort as the renderer lets it be: where patients are photographs, their skin is that of the photographs."""

from __future__ import annotations

from dataclasses import replace

from ..model import Cohort, Patient
from ..protocol import Protocol
from ..protocol.images import Images
from ..severity.cohort import FITZPATRICK, ITA_LIMITS_DEG, make_cohort
from .renderers import renderer_class


def people(protocol: Protocol, first: int = 0, count: int | None = None) -> Cohort:
    """The patients of rank `first` .. `first + count - 1`; see `severity.cohort.make_cohort`.

    Of photographed persons the tone is the picture's, and lesions heal as on that skin. Age and sex are still drawn,
    since the course of lesions asks for them, but nobody knows them: the truth leaves them empty.
    """
    cohort = make_cohort(protocol, first, count)
    tones = _tones(protocol.images)
    if not tones:
        return cohort
    return replace(cohort, patients=tuple(_toned(patient, tones) for patient in cohort.patients))


def _tones(images: Images) -> list[float]:
    if not images.renderer_options.get("photographs"):
        return []  # without a look at the class, which need not be installed where a dataset is only read
    told = getattr(renderer_class(images), "ita_deg", None)
    return [] if told is None else told(images.renderer_options)


def _toned(patient: Patient, tones: list[float]) -> Patient:
    if patient.rank >= len(tones):
        return patient
    ita_deg = tones[patient.rank]
    return replace(patient, ita_deg=ita_deg, fitzpatrick=fitzpatrick_of(ita_deg))


def fitzpatrick_of(ita_deg: float) -> int:
    """The skin type (1 to 6) whose class of individual typology angles an angle lies in."""
    return next((k + 1 for k, name in enumerate(FITZPATRICK) if ita_deg > ITA_LIMITS_DEG[name][0]), len(FITZPATRICK))
