"""Simulate and analyse many times: type I error, power, bias and coverage, each with its Monte Carlo interval."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binomtest

from .. import __version__, plugins
from ..analysis.analyze import Settings, carry_over, check
from ..analysis.embed import choose
from ..errors import AnalysisError, Fault, Nof1simError
from ..protocol import Protocol, load_protocol, protocol_from, with_changes
from ..run.local import cores, follow_parent
from .folder import time_constants
from .recovery import ALPHA
from .replicate import FAST_TESTS, ORACLE, SCORE, measure, replicate_of, simulate_trial

REPLICATES, ABOUT = "replicates.jsonl", "calibration.json"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
THESE_PATIENTS = ("mixed_intercept", "mixed_intercept_ar1")
"""Pooled estimators that speak of the patients in the trial; the others speak of the population they come from."""
Told = Callable[[int, int, str], None]
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("pipeline", "level", "patient", "method", "estimand"), pl.String),
    **dict.fromkeys(("slope", "r", "estimate", "se", "p", "low", "high", "truth"), pl.Float64),
}


def protocol_for(
    name: str, *, zero_effect: bool = False, size_px: int = 96, nuisance: str | None = None, seed: int | None = None
) -> Protocol:
    """A protocol as calibration simulates it: small pictures without masks, perhaps its null twin."""
    images: dict[str, Any] = {"size_px": size_px}
    if nuisance is not None:
        images["nuisance"] = {"preset": nuisance}
    changes: dict[str, Any] = {"images": images}
    if zero_effect:
        changes["design"] = {"counterfactual": "zero_effect"}
    if seed is not None:
        changes["seed"] = seed
    return with_changes(load_protocol(name), **changes)


def settings_for(protocol: Protocol, *, known_lags: bool = False, **others: Any) -> Settings:
    """Settings of a calibration's analyses; with `known_lags` the protocol's own time constants."""
    tau, gamma = time_constants(protocol) if known_lags else ({}, {})
    given: dict[str, Any] = {"tests": FAST_TESTS}
    given |= {name: value for name, value in others.items() if value is not None}
    return Settings(tau_days=tau, gamma_days=gamma, **given)


@dataclass(frozen=True, slots=True)
class Job:
    """What is calibrated: a protocol's document, the pipelines and the settings of the analysis."""

    protocol: dict[str, Any]
    pipelines: tuple[str, ...]
    settings: Settings

    @property
    def digest(self) -> str:
        """Names the job: equal jobs give equal rows, and only they may be continued."""
        plain = {"protocol": self.protocol, "pipelines": self.pipelines, "settings": asdict(self.settings)}
        text = json.dumps(plain | {"version": __version__}, sort_keys=True, default=dict)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def run_one(job: Job, number: int) -> str:
    """A line of `replicates.jsonl`: a replicate's rows, or why it failed."""
    rows: list[dict[str, Any]] = []
    failure = ""
    try:
        protocol = replicate_of(protocol_from(job.protocol), number)
        drawn = any(name not in (SCORE, ORACLE) for name in job.pipelines)
        trial = simulate_trial(protocol, _renderer(protocol) if drawn else None)
        rows = list(measure(trial, job.pipelines, job.settings))
    except Nof1simError as error:
        failure = str(error)
    columns = {name: [_json(row[name]) for row in rows] for name in SCHEMA}
    return json.dumps({"replicate": number, "failure": failure, "rows": columns}, allow_nan=False)


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


_RENDERERS: dict[str, Any] = {}


def _renderer(protocol: Protocol) -> Any:
    """This process's renderer: it is prepared once."""
    name = protocol.images.renderer
    if name not in _RENDERERS:
        _RENDERERS[name] = plugins.resolve("renderers", name, "images.renderer")()
        _RENDERERS[name].prepare()
    return _RENDERERS[name]


def calibrate(
    protocol: Protocol,
    replicates: int,
    out: str | os.PathLike[str] | None = None,
    *,
    pipelines: Sequence[str] = (SCORE,),
    settings: Settings | None = None,
    workers: int | None = None,
    progress: Told | None = None,
) -> Calibration:
    """Analyse `replicates` trials of a protocol, each with a seed of its own; the first ones never change.

    Parameters
    ----------
    out : folder for the rows of every replicate; the same call continues there. None keeps nothing.
    pipelines : "score", "oracle" or embedders (any name that `analyze` takes).
    workers : processes; by default one per core. The result does not depend on it.

    Raises
    ------
    AnalysisError
        No replicates or workers, a contrast, test or reduction that cannot be, a folder with another job's replicates,
        or every replicate failed.
    UnknownNameError
        A pipeline that nothing answers to.
    """
    job = Job(protocol.model_dump(mode="json"), tuple(dict.fromkeys(pipelines)), settings or Settings())
    _check(protocol, job, replicates, workers)
    folder = None if out is None else _folder(Path(out), job)
    lines = {} if folder is None else _kept(folder / REPLICATES)
    asked = [number for number in range(replicates) if number not in lines]
    tell = progress or (lambda done, total, what: None)
    tell(replicates - len(asked), replicates, "Replicates")
    for line in _lines(job, asked, workers or cores()):
        if folder is not None:
            with (folder / REPLICATES).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        lines[json.loads(line)["replicate"]] = line
        tell(sum(number in lines for number in range(replicates)), replicates, "Replicates")
    return summed(lines[number] for number in range(replicates))


def _check(protocol: Protocol, job: Job, replicates: int, workers: int | None) -> None:
    """What no replicate can mend is told before the first of them."""
    for where, number in (("--replicates", replicates), ("--workers", workers)):
        if number is not None and number < 1:
            raise AnalysisError(str(Fault(where, number, "1 or more")))
    check(job.settings)
    for name in job.pipelines:
        if name not in (SCORE, ORACLE):
            choose(name, "--pipeline")
    if job.settings.contrast is not None or job.settings.tau_days:
        study = simulate_trial(replicate_of(protocol, 0)).study
        carry_over(study, study.contrast(job.settings.contrast), job.settings)


def _folder(folder: Path, job: Job) -> Path:
    """The folder of a job; one that holds another job's replicates is refused."""
    about = folder / ABOUT
    try:
        if about.exists() and json.loads(about.read_text(encoding="utf-8"))["digest"] != job.digest:
            advice = "Choose another --out, or remove it. The version of nof1sim counts, too."
            raise AnalysisError(str(Fault("--out", str(folder), "an empty folder or the same calibration", advice)))
        if not about.exists():
            folder.mkdir(parents=True, exist_ok=True)
            plain = {"digest": job.digest, "pipelines": job.pipelines, "protocol": job.protocol}
            about.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    except (OSError, ValueError, KeyError) as error:
        raise AnalysisError(str(Fault("--out", str(folder), "a folder of yours", f"{error}."))) from error
    return folder


def _kept(path: Path) -> dict[int, str]:
    """Replicates that are done; a line that a kill cut off is not, and goes."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    whole = [line for line in text.split("\n")[:-1] if line.endswith("}")]
    kept = "".join(f"{line}\n" for line in whole)
    if kept != text:  # replaced at once: a kill here must not cost what was kept
        fresh = path.with_suffix(".new")
        fresh.write_text(kept, encoding="utf-8")
        fresh.replace(path)
    return {json.loads(line)["replicate"]: line for line in whole}


def _lines(job: Job, asked: Sequence[int], workers: int) -> Iterator[str]:
    """Lines as they are done."""
    if workers == 1 or len(asked) < 2:
        yield from (run_one(job, number) for number in asked)
        return
    # A thread of linear algebra in each process is enough, and sums in one order.
    added = {name: "1" for name in THREADS if name not in os.environ}
    os.environ.update(added)
    with ProcessPoolExecutor(workers, get_context("spawn"), follow_parent) as pool:
        rest, running = iter(asked), set[Future[str]]()
        try:
            while True:
                while len(running) < 2 * workers and (number := next(rest, None)) is not None:
                    running.add(pool.submit(run_one, job, number))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            for name in added:
                os.environ.pop(name, None)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What many trials say of an analysis.

    replicates : how many there are, failed ones among them.  table : a row a pipeline, level and method: estimand, n,
    failed, rejected (share with p < .05) with its 95 % Monte Carlo interval, truth, estimate, bias, rmse and covered
    with its interval, all in grades; se_ratio, the mean standard error over the SD of the errors. The truth of a pooled
    estimate is the mean effect in the population (of all replicates' patients), except for `THESE_PATIENTS`.
    follows : pipeline, r_low, r, r_high: 5th percentile, median and 95th of the score's within-patient correlation
    with true severity.  failures : why replicates failed.
    """

    replicates: int
    failed: int
    table: pl.DataFrame
    follows: pl.DataFrame
    failures: tuple[str, ...]

    def row(self, pipeline: str, level: str, method: str) -> dict[str, Any]:
        """A row of the table."""
        keys = {"pipeline": pipeline, "level": level, "method": method}
        return self.table.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in keys.items()), named=True)


def summed(lines: Iterable[str]) -> Calibration:
    """The replicates' rows as one table. An AnalysisError if all failed."""
    parts, failures, count = [], [], 0
    for line in lines:
        one = json.loads(line)
        count += 1
        if one["failure"]:
            failures.append(f"replicate {one['replicate']}: {one['failure']}")
        else:
            parts.append(pl.DataFrame(one["rows"], schema=SCHEMA))
    if not parts:
        raise AnalysisError(f"All {count} replicates failed. The first: {failures[0]}")
    rows = pl.concat(parts)
    keys = ["pipeline", "level", "method", "estimand"]
    table = pl.DataFrame([_summary(dict(zip(keys, key, strict=True)), part)
                          for key, part in rows.group_by(keys, maintain_order=True)])  # fmt: skip
    follows = (
        pl.concat([part.unique(["pipeline"], keep="first", maintain_order=True) for part in parts])
        .group_by("pipeline", maintain_order=True)
        .agg(r_low=pl.col("r").quantile(0.05), r=pl.col("r").median(), r_high=pl.col("r").quantile(0.95))
    )
    return Calibration(count, len(failures), table, follows, tuple(failures))


def _summary(about: dict[str, Any], rows: pl.DataFrame) -> dict[str, Any]:
    column = {name: rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in SCHEMA
              if SCHEMA[name] == pl.Float64}  # fmt: skip
    slope = column["slope"]
    there = np.isfinite(column["estimate"])
    if about["level"] == "pooled" and about["method"].split("_dropped")[0] not in THESE_PATIENTS:
        column["truth"] = np.full(slope.size, _mean(column["truth"][np.isfinite(column["truth"])]))
    estimate, error = column["estimate"] / slope, column["estimate"] / slope - column["truth"]
    ends = np.sort(np.stack([column["low"] / slope, column["high"] / slope]), axis=0)
    known = np.isfinite(ends).all(0) & np.isfinite(column["truth"])
    inside = (ends[0] <= column["truth"]) & (column["truth"] <= ends[1])
    tested = np.isfinite(column["p"])
    spread = float(np.std(error[there], ddof=1)) if there.sum() > 1 else math.nan
    return about | {
        "n": int(there.sum()),
        "failed": int((~there).sum()),
        **_share("rejected", column["p"][tested] < ALPHA),
        "truth": _mean(column["truth"][there]),
        "estimate": _mean(estimate[there]),
        "bias": _mean(error[there]),
        "rmse": math.sqrt(_mean(error[there] ** 2)) if there.any() else math.nan,
        "se_ratio": _mean((column["se"] / np.abs(slope))[there]) / spread if spread > 0 else math.nan,
        **_share("covered", inside[known]),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else math.nan


def _share(name: str, hits: np.ndarray) -> dict[str, float]:
    """A proportion and its 95 % interval (Wilson 1927)."""
    if not hits.size:
        return {name: math.nan, f"{name}_low": math.nan, f"{name}_high": math.nan}
    interval = binomtest(int(hits.sum()), hits.size).proportion_ci(method="wilson")
    return {name: float(hits.mean()), f"{name}_low": float(interval.low), f"{name}_high": float(interval.high)}
