"""validate(): the checks of a dataset by itself, and those that need the simulator: scores, contrasts, redrawing."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from .. import plugins
from ..dataset.layout import DAYS, LESION_DAYS, PATIENTS, TRUTH_MANIFEST
from ..dataset.validate import Check, Tell
from ..dataset.validate import validate as validate_dataset
from ..dataset.validation.calendar import name_rows
from ..dataset.validation.findings import Log, Validation
from ..dataset.validation.subject import Skip, Subject
from ..dataset.validation.tables import MEND, portions
from ..errors import InputError
from ..severity.contrasts import compared
from .again import protocol_of, redraw_some, tables_again
from .quality import Quality

HAIR = 1e-9
"""Sums of the same numbers in another order differ by less."""


def validate(url: str | os.PathLike[str], redraw: int = 0, tell: Tell = lambda done, total, what: None) -> Validation:
    """Check everything that a dataset says of itself; see `nof1sim.dataset.validate.validate`.

    Parameters
    ----------
    url : folder, or fsspec URL
    redraw : pictures to draw again, and to compare byte for byte with their masks and layers; then the tables are
        computed again, too

    Raises
    ------
    DatasetError
        There is no such folder, or it cannot be looked through.
    InputError
        `redraw` is below 0.
    """
    if redraw < 0:
        raise InputError(f"--redraw: got {redraw}; allowed: 0 or more (0 draws nothing again). Give a number.")
    again = (
        Check("again", "Tables computed again are the same", "rows", tables_again),
        Check(
            "redraw", "Pictures drawn again have the same bytes", "pictures", partial(redraw_some, size=redraw), True
        ),
    )
    return validate_dataset(url, tell, (*CHECKS, *(again if redraw else ())))


def scores(subject: Subject, log: Log) -> int:
    """Counts and clinical scores of every day, computed again from the lesion tables, are those of truth/days.csv."""
    options = protocol_of(subject).condition
    condition = plugins.resolve("conditions", options.name, "condition.name")(options)
    if not hasattr(condition, "scores_of_tables"):
        raise Skip(f"the condition {options.name!r} computes no scores from tables")
    looked = 0
    for part in portions(subject):
        born = subject.scan("lesions").filter(pl.col("patient_id").is_in(part.patients)).collect()
        lesions, days = _by_patient(born), _by_patient(part.of(subject.scan("lesion_days")))
        for patient_id, told in _by_patient(part.of(subject.scan("days"))).items():
            shifted = days.get(patient_id, subject.scan("lesion_days").head(0).collect())
            shifted = shifted.with_columns(pl.col("day") - part.first_day + 1)
            own = lesions.get(patient_id, born.head(0))
            found = condition.scores_of_tables(_arrays(own), _arrays(shifted), told.height)
            looked += told.height
            _compare_scores(found, told, log)
    return looked


def _by_patient(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): part for key, part in frame.partition_by("patient_id", as_dict=True).items()}


def _arrays(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    return {name: frame[name].to_numpy() for name in frame.columns}


def _compare_scores(found: dict[str, Any], told: pl.DataFrame, log: Log) -> None:
    for name, values in found.items():
        if name not in told.columns:
            log.error(DAYS, f"lacks the score {name}.", MEND)
            continue
        other = np.abs(told[name].cast(pl.Float64).to_numpy() - values.astype(float)) > HAIR
        name_rows(told.filter(pl.Series(other)), DAYS, f"{name} is not what {LESION_DAYS} gives", log)


def parts(subject: Subject, log: Log) -> int:
    """The parts of the latent add up to it, and the true severity is the latent cut to the scale (or the lesions')."""
    protocol, days = protocol_of(subject), subject.frame("days")
    names = [name for name in days.columns if name.startswith("part_")]
    off = (pl.sum_horizontal(names) - pl.col("latent")).abs() > HAIR if names else pl.lit(False)
    name_rows(days.filter(off), DAYS, "the parts do not add up to the latent", log)
    if protocol.given is None:
        scale, model = protocol.severity, protocol.severity.model
        want = pl.col("latent").clip(scale.scale_low, scale.scale_high)
        want = want if model == "score" else pl.col("severity_lesions")
        what = (
            "severity_true is not the latent cut to the scale"
            if model == "score"
            else "severity_true is not severity_lesions"
        )
        name_rows(days.filter((pl.col("severity_true") - want).abs() > HAIR), DAYS, what, log)
    return days.height


def contrasts(subject: Subject, log: Log) -> int:
    """Realised means and contrasts, computed again from the days, and the responders are those of patients.csv."""
    protocol, people = protocol_of(subject), subject.frame("patients")
    days = subject.frame("days").with_columns(arm=pl.col("arm").fill_null("untreated"))
    known = days.group_by("patient_id").agg(gaps=pl.col("severity_true").null_count())
    means = days.group_by("patient_id", "arm").agg(mean=pl.col("severity_true").mean())
    whole = people.join(known.filter(pl.col("gaps") == 0), on="patient_id")
    for arm in ("untreated", *protocol.design.arms):
        both = whole.join(means.filter(pl.col("arm") == arm), on="patient_id", how="left")
        if f"realised_{arm}" in both.columns:
            _name_people(both, pl.col("mean"), f"realised_{arm}", log)
    first, second = compared(protocol)
    if len(protocol.design.arms) > 1:
        _name_people(people, pl.col(f"realised_{second}") - pl.col(f"realised_{first}"), "realised_contrast", log)
    if "steady_contrast" in people.columns:
        _name_people(people, pl.col(f"steady_{second}") - pl.col(f"steady_{first}"), "steady_contrast", log)
        large = pl.col("steady_contrast").abs() >= protocol.severity.responder_contrast - HAIR
        for patient_id in people.filter(pl.col("responder") != large)["patient_id"]:
            log.error(PATIENTS, f"patient {patient_id}: responder does not follow from the steady contrast.", MEND)
    return people.height


def _name_people(people: pl.DataFrame, wanted: pl.Expr, name: str, log: Log) -> None:
    off = people.filter(~((wanted - pl.col(name)).abs() <= HAIR) | (wanted.is_null() != pl.col(name).is_null()))
    for patient_id in off["patient_id"]:
        log.error(PATIENTS, f"patient {patient_id}: {name} is not what {DAYS} gives.", MEND)


def quality(subject: Subject, log: Log) -> int:
    """The figures of quality that the tables give are those of the manifest; what only a probe gives is sound."""
    told = subject.truth.get("quality")
    if not isinstance(told, dict):
        raise Skip("the manifest has no figures of quality")
    found = Quality()
    found.add_days(subject.frame("days"))
    found.add_pictures(subject.frame("images"))
    again = found.document()
    for name in ("dose_agreement", "nuisance"):
        if not _close(told.get(name), again[name]):
            log.error(TRUTH_MANIFEST, f"quality.{name} is not what the tables give.", MEND)
    for name in ("outside_support_max", "persistence_switches"):
        if told.get(name):
            log.error(TRUTH_MANIFEST, f"quality.{name} is {told[name]}: the renderer drew outside its masks, or moved "
                                      "a lesion.", "Report it with the protocol.")  # fmt: skip
    return len(told)


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= 1e-4 * max(abs(a), abs(b)) + 1e-6  # they are rounded, and summed in blocks
    return a is None and b is None


CHECKS = (
    Check("scores", "Counts and scores follow from the lesion table", "days", scores),
    Check("parts", "Parts add up to the latent; the severity follows", "days", parts),
    Check("contrasts", "Means and contrasts follow from the days", "patients", contrasts),
    Check("quality", "Figures of quality follow from the tables", "figures", quality),
)
"""Checks that need the simulator, and draw nothing."""
