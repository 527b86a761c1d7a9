"""Study -> scores -> effects: one pass, each step a function of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from ..errors import AnalysisError, Fault, unknown_name
from ..plugins import installed
from ..versions import versions_of
from .course import Contrast, Course, Effect
from .embed import Embedder, choose, vectors
from .images import Shots, load
from .reduce import METHODS, Method, reduce
from .result import AnalysisResult, Answer, CarryOver, Person, Scored
from .stats import carryover as by_patient
from .stats import warn
from .stats.carryover_search import exposure_searched
from .stats.design import FEWEST
from .stats.pooled import MODELS, POOLED, fit_pooled
from .stats.stack import individual
from .stats.table import TESTS
from .stats.two_stage import two_stage
from .study import Study, read_study

Told = Callable[[int, int, str], None]
"""Called with (done, in all, what is being done)."""

EMBEDDERS, WITHOUT_TORCH = ("texture", "autoencoder", "redness"), ("texture", "redness")
CLEARLY_BETTER = 2.0
"""Gain in log likelihood from which AR(1) with noise is said to fit better than AR(1) alone (one parameter more)."""
BEST = "gls_best, dropped"
"""The estimate of a patient that is read first: `gls`, or `gls_nugget` where that fits clearly better."""
PACKAGES = ("nof1sim", "numpy", "scipy", "polars", "pillow", "statsmodels", "torch", "numba")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an analysis is asked.

    contrast : "TREATMENT - REFERENCE"; None as `Study.contrast` says.  embedders : names, in order; None: `EMBEDDERS`,
    the autoencoder where torch is installed. The recorded score is analysed beside them.  reduction : see `reduce`.
    tests : names of `stats.TESTS`, for each patient.  tau_days, gamma_days : label -> days, known from outside the
    data.  drop_days : first days of each period to leave out; None: 7, or 3 where periods last at most 7 days; 0:
    none.  estimate_lags : also find each patient's tau = gamma by likelihood, with a bootstrap that repeats the search
    (0.1 s a patient).  seed : of what is learnt.  images : False for scores alone.
    """

    contrast: str | None = None
    embedders: tuple[str, ...] | None = None
    reduction: Method = "within_pc1"
    tests: tuple[str, ...] = tuple(TESTS)
    tau_days: Mapping[str, float] = field(default_factory=dict)
    gamma_days: Mapping[str, float] = field(default_factory=dict)
    drop_days: int | None = None
    estimate_lags: bool = False
    seed: int = 0
    images: bool = True


def analyze(
    study: Study | str | os.PathLike[str], settings: Settings | None = None, progress: Told | None = None
) -> AnalysisResult:
    """Scores of the photographs and the recorded one, each tested per patient and pooled.

    Parameters
    ----------
    study : what `read_study` gave, or what it takes.

    Raises
    ------
    AnalysisError
        Nothing to analyse (no photographs and no score), an unknown name, one treatment only, a picture that cannot be
        read, an embedder that fails. A patient without an estimate is no error but a row that says why.
    """
    settings = settings or Settings()
    study = study if isinstance(study, Study) else read_study(study)
    check(settings)
    contrast = study.contrast(settings.contrast)
    carry = carry_over(study, contrast, settings)
    tell = progress or (lambda done, total, what: None)
    scored = scores(study, settings, tell)
    answers = []
    for i, one in enumerate(scored):
        tell(i, len(scored), f"Testing {one.name}")
        answers.append(answer(study, one, contrast, carry, settings.tests, settings.estimate_lags))
    tell(len(scored), len(scored), "Done")
    return AnalysisResult(
        study.name, contrast, study.baseline, len(study.patient_ids), int(study.rows["day"].max() or 0),  # type: ignore[arg-type]
        int(study.rows["score"].null_count() if study.scored else study.rows["image"].null_count()),
        carry, tuple(answers), _study_warnings(study, contrast, settings), _written(settings), versions_of(PACKAGES),
    )  # fmt: skip


def check(settings: Settings) -> None:
    """What can be wrong with settings before any data are seen: AnalysisError or UnknownNameError."""
    for name in settings.tests:
        if name not in TESTS:
            raise unknown_name("test", "--tests", name, TESTS)
    if settings.reduction not in METHODS:
        raise unknown_name("reduction", "--reduction", settings.reduction, METHODS)
    if bool(settings.tau_days) != bool(settings.gamma_days):
        raise AnalysisError(str(Fault("--tau, --gamma", "one of them", "both or none", "Give both, in days.")))
    if settings.drop_days is not None and settings.drop_days < 0:
        raise AnalysisError(str(Fault("--drop-days", settings.drop_days, "0 (none) or more")))
    if settings.seed < 0:
        raise AnalysisError(str(Fault("--seed", settings.seed, "0 or more")))


def carry_over(study: Study, contrast: Contrast, settings: Settings) -> CarryOver:
    """What is done about wash-in and carry-over; AnalysisError where a time constant is missing or unknown."""
    if settings.tau_days:
        active = sorted({contrast.treatment, contrast.reference} - {study.baseline})
        known = set(study.rows["treatment"]) - {study.baseline}
        for option, given in (("--tau", settings.tau_days), ("--gamma", settings.gamma_days)):
            if unknown := sorted(set(given) - known):
                raise AnalysisError(str(Fault(option, unknown[0], ", ".join(sorted(known)))))
            if absent := [label for label in active if label not in given]:
                raise AnalysisError(str(Fault(option, dict(given), f"days for {', '.join(absent)} as well")))
        return CarryOver("exposure", 0, dict(settings.tau_days), dict(settings.gamma_days))
    drop = default_drop(study, contrast) if settings.drop_days is None else settings.drop_days
    return CarryOver("dropped", drop) if drop else CarryOver("ignored")


def default_drop(study: Study, contrast: Contrast) -> int:
    """First days of each period to leave out: 7, or 3 where periods last at most 7 days; fewer, down to none, where
    that would leave a typical patient less than 4 days of a treatment."""
    days = study.rows.filter(pl.col("treatment") != study.baseline).unique(["patient_id", "day"])
    start = pl.col("day").min().over("patient_id", "period")
    days = days.with_columns(place=pl.col("day") - start)
    lengths = days.group_by("patient_id", "period").agg(pl.col("place").max() + 1)["place"]
    both = days.filter(pl.col("treatment").is_in([contrast.treatment, contrast.reference]))
    for drop in (7, 3) if float(lengths.median() or 0.0) > 7 else (3,):  # type: ignore[arg-type]
        kept = both.filter(pl.col("place") >= drop).group_by("patient_id", "treatment").len()
        enough = kept.filter(pl.col("len") >= FEWEST).group_by("patient_id").len().filter(pl.col("len") == 2).height
        if 2 * enough >= len(study.patient_ids):
            return drop
    return 0


def scores(study: Study, settings: Settings, tell: Told) -> list[Scored]:
    """Every score that is asked for: of the photographs by each embedder, and the recorded one."""
    found: list[Scored] = []
    rows = study.photographed
    names = default_embedders() if settings.embedders is None else settings.embedders
    if settings.images and not rows.is_empty() and names:
        embedders = [choose(name) for name in names]
        loaded: dict[int, Shots] = {}
        for size in sorted({embedder.needs.size_px for embedder in embedders}):
            say = f"Reading photographs at {size} px"
            pixels = load(study.read, rows["image"].to_list(), size, lambda n, of, say=say: tell(n, of, say))
            loaded[size] = shots_of(study, rows, pixels)
        redness = anchor(loaded[min(loaded)])
        for name, embedder in zip(names, embedders, strict=True):
            found.append(image_score(name, embedder, loaded[embedder.needs.size_px], rows, redness, settings, tell))
    if study.scored and study.rows["score"].count():
        found.append(Scored(study.scored, study.rows, study.rows["score"].fill_null(float("nan")).to_numpy()))
    if not found:
        advice = "Name the image column (--columns image=NAME) or a score (--score-column NAME)."
        raise AnalysisError(str(Fault(study.name, "neither photographs nor a score", "one of them", advice)))
    return found


def default_embedders() -> tuple[str, ...]:
    """Those that need nothing that is not installed. torch is not imported to find out."""
    return EMBEDDERS if installed("torch") else WITHOUT_TORCH


def shots_of(study: Study, rows: pl.DataFrame, pixels: np.ndarray) -> Shots:
    """Photographs with what an embedder may know of them."""
    place = {patient: i for i, patient in enumerate(study.patient_ids)}
    who = np.array([place[patient] for patient in rows["patient_id"]], np.int64)
    day, occasion, period = (rows[name].to_numpy().astype(np.int64) for name in ("day", "occasion", "period"))
    return Shots(who, day, occasion, period, study.before(rows), pixels)


def anchor(shots: Shots) -> np.ndarray | None:
    """The redness index that fixes signs, (n,); None for pictures without colour, whose signs the baseline fixes."""
    try:
        return vectors(choose("redness"), shots)[:, 0]
    except AnalysisError:
        return None


def image_score(
    name: str,
    embedder: Embedder,
    shots: Shots,
    rows: pl.DataFrame,
    redness: np.ndarray | None,
    settings: Settings,
    tell: Told,
) -> Scored:
    """One score of every photograph: fit, embed, reduce."""
    start = time.perf_counter()

    def epoch(done: int, total: int, loss: float, held: float) -> None:
        tell(done, total, f"{name}: epoch {done}, loss {loss:.3g}, held out {held:.3g}")

    tell(0, 1, f"Embedding with {name}")
    fitted = embedder.fit(shots, settings.seed, epoch)
    found = vectors(fitted, shots)
    try:
        score = reduce(found, shots, settings.reduction, redness, getattr(fitted, "picture", None))
    except AnalysisError as error:
        raise AnalysisError(f"embedder {name}, {error}") from error
    how = fitted.needs.preprocessing
    steps = tuple(how.steps()) if how else (f"resized to {fitted.needs.size_px} x {fitted.needs.size_px} px",)
    notes = tuple(getattr(fitted, "notes", ()))
    return Scored(name, rows, score.values, score, plane(found), steps, notes, time.perf_counter() - start, fitted)


def plane(found: np.ndarray) -> np.ndarray:
    """The first two principal components of vectors (n, k), (n, 2); zeros where there is only one."""
    x = found - found.mean(0)
    _, _, axes = np.linalg.svd(x, full_matrices=False)
    flat = x @ axes[:2].T
    return np.pad(flat, ((0, 0), (0, 2 - flat.shape[1]))).astype(float)


def answer(
    study: Study, one: Scored, contrast: Contrast, carry: CarryOver, tests: Sequence[str], estimate_lags: bool = False
) -> Answer:
    """The effect by one score: pooled estimators, every patient, warnings."""
    courses = study.courses(one.rows, one.values)
    searched = [exposure_searched(course, contrast, tied=True) for course in courses] if estimate_lags else []
    pooled = pooled_effects(courses, contrast, carry)
    if searched:
        pooled = (*pooled, two_stage(searched, "two_stage_exposure_searched"))
    blups = shrunken(courses, contrast, carry)
    people = tuple(
        Person(
            course.patient_id,
            len(course),
            (*person_effects(course, contrast, carry, tests), *searched[i : i + 1]),
            blups.get(course.patient_id),
            warn.warnings(course, contrast, tau=carry.tau_days or None),
        )
        for i, course in enumerate(courses)
    )
    told = [*(one.score.warnings if one.score else ()), *_fit_warnings(pooled)]
    return Answer(one, pooled, people, tuple(told))


def pooled_effects(courses: Sequence[Course], contrast: Contrast, carry: CarryOver) -> tuple[Effect, ...]:
    """The estimate to read first, its two-stage check, then those on all days, and the distributed lag."""
    found: list[Effect] = []
    if carry.kind == "exposure":
        known = {"tau": carry.tau_days, "gamma": carry.gamma_days}
        found += [POOLED[name].run(courses, contrast, **known) for name in ("mixed_exposure", "two_stage_exposure")]
    if carry.kind == "dropped":
        found += [POOLED[n].run(courses, contrast, k=carry.drop_days) for n in ("mixed_dropped", "two_stage_dropped")]
    found += [POOLED[name].run(courses, contrast) for name in ("mixed", "two_stage", "mixed_nugget", "mixed_intercept")]
    lags = [by_patient.distributed_lag(course, contrast) for course in courses]
    return (*found, two_stage(lags, "two_stage_distributed_lag"))


def person_effects(course: Course, contrast: Contrast, carry: CarryOver, tests: Sequence[str]) -> tuple[Effect, ...]:
    """One patient's estimates, the one to read first."""
    found: list[Effect] = []
    if carry.kind == "exposure":
        found.append(by_patient.exposure_gls(course, contrast, tau=carry.tau_days, gamma=carry.gamma_days))
    if carry.kind == "dropped":
        kept = by_patient.kept_days(course, carry.drop_days)
        better = "gls_nugget" if noisy(kept, contrast) else "gls"
        one = by_patient.drop_first(course, contrast, k=carry.drop_days, test=TESTS[better])
        found.append(replace(one, method=BEST))
    return (*found, *(TESTS[name].run(course, contrast) for name in tests))


def noisy(course: Course, contrast: Contrast) -> bool:
    """Whether AR(1) with day-to-day noise fits clearly better than AR(1) alone, as for most scores of pictures: then
    plain AR(1) rejects up to three times too often where periods are long."""
    extra = TESTS["gls_nugget"].run(course, contrast).extra
    return extra.get("loglik", -np.inf) - extra.get("loglik_without", np.inf) > CLEARLY_BETTER


def shrunken(courses: Sequence[Course], contrast: Contrast, carry: CarryOver) -> dict[str, Effect]:
    """Best linear unbiased predictions of the patients' effects by the default mixed model; empty where it has none."""
    tau, gamma = (carry.tau_days, carry.gamma_days) if carry.kind == "exposure" else (None, None)
    if carry.kind == "dropped":
        courses = [by_patient.kept_days(course, carry.drop_days) for course in courses]
    try:
        fit, rows = fit_pooled(courses, contrast, MODELS["mixed"], tau=tau, gamma=gamma)
    except AnalysisError:
        return {}
    return {effect.method.removeprefix("blup of "): effect for effect in individual(fit, rows)}


def _fit_warnings(pooled: Sequence[Effect]) -> list[str]:
    by_name = {effect.method: effect for effect in pooled}
    plain, noisy = by_name["mixed"], by_name["mixed_nugget"]
    told = []
    gain = noisy.extra.get("loglik", np.nan) - plain.extra.get("loglik", np.nan)
    if gain > CLEARLY_BETTER:
        told.append(
            f"AR(1) with day-to-day noise fits better than AR(1) alone (log likelihood +{gain:.1f}): read "
            "mixed_nugget, and distrust AR(1) per patient where periods are long."
        )
    for effect in pooled[:2]:
        if effect.extra.get("converged", 1.0) == 0.0:
            told.append(f"{effect.method} did not converge: {effect.note}")
    if by_name["mixed"].extra.get("phi", 0.0) > warn.NEAR_UNIT:
        told.append(warn.near_unit(plain.extra["phi"]))
    return told


def _study_warnings(study: Study, contrast: Contrast, settings: Settings) -> tuple[str, ...]:
    told = []
    if settings.images and settings.embedders is None and not installed("torch") and study.photographed.height:
        told.append("The autoencoder was left out: it needs torch. Install nof1sim[analysis].")
    if study.left_out:
        told.append(f"{study.left_out} rows of the table were left out: no patient, day or treatment.")
    patients = len(study.patient_ids)
    if patients == 1:
        told.append("One patient: nothing is pooled, and the result speaks of this patient alone.")
    if len(study.labels) > 2 and settings.contrast is None:
        others = ", ".join(study.labels)
        told.append(f"The study has treatments {others}; compared are {contrast}. Another: --contrast 'X - Y'.")
    same = study.rows.group_by("patient_id", maintain_order=True).agg(pl.col("treatment"))["treatment"].n_unique()
    if patients > 1 and same == 1:
        told.append("Every patient had the same sequence: a trend over time cannot be told from the treatment.")
    return tuple(told)


def _written(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values."""
    plain = asdict(replace(settings, tau_days=dict(settings.tau_days), gamma_days=dict(settings.gamma_days)))
    return plain | {"embedders": list(settings.embedders or default_embedders()), "tests": list(settings.tests)}
