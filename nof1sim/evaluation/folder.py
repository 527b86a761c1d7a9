"""The driver of `nof1sim analyze`: read, analyse, compare with the truth where there is one, write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from ..analysis import plots as drawing
from ..analysis import text
from ..analysis.analyze import Settings, Told, analyze
from ..analysis.embed.saved import save
from ..analysis.result import AnalysisResult
from ..analysis.study import Study
from ..dataset.layout import MANIFEST, TRUTH_MANIFEST
from ..dataset.reader import Dataset
from ..dataset.target import Target
from ..errors import AnalysisError, Fault
from ..plugins import installed
from ..protocol import Protocol, load_protocol
from .recovery import Recovery, recover
from .truth import Truth


@dataclass(frozen=True, slots=True)
class Analysed:
    """An analysis, what it recovers of the truth (empty where nobody knows it), and the folder that was written."""

    study: Study
    result: AnalysisResult
    recovery: tuple[Recovery, ...]
    folder: Path | None


def parse_days(option: str, given: str | None, labels: list[str]) -> dict[str, float]:
    """`5` or `Cream=3,Antibiotics=5` as label -> days. An AnalysisError for anything else."""
    if given is None:
        return {}
    try:
        if "=" not in given:
            return dict.fromkeys(labels, float(given))
        pairs = [part.rsplit("=", 1) for part in given.split(",")]
        return {label.strip(): float(days) for label, days in pairs}
    except ValueError:
        raise AnalysisError(str(Fault(option, given, "days, or LABEL=days,LABEL=days"))) from None


def time_constants(protocol: Protocol) -> tuple[dict[str, float], dict[str, float]]:
    """Wash-in and wash-out days of every arm of a protocol, by its label."""
    arms = {protocol.label_of(name): protocol.treatments[name] for name in protocol.design.arms}
    tau = {label: max(1.0, arm.wash_in_days) for label, arm in arms.items()}
    return tau, {label: max(1.0, arm.wash_out_days) for label, arm in arms.items()}


def settings_of(study: Study, *, tau: str | None, gamma: str | None, protocol: str | None, **others: Any) -> Settings:
    """Settings with time constants from the command line or a protocol's file."""
    if protocol is not None and (tau or gamma):
        raise AnalysisError(str(Fault("--protocol", protocol, "either it or --tau and --gamma")))
    if protocol is not None:
        tau_days, gamma_days = time_constants(load_protocol(protocol))
    else:
        tau_days = parse_days("--tau", tau, study.labels)
        gamma_days = parse_days("--gamma", gamma, study.labels)
    known = set(study.labels)
    if protocol is not None and not known & set(tau_days):
        raise AnalysisError(str(Fault("--protocol", sorted(tau_days), f"arms labelled {', '.join(sorted(known))}")))
    return Settings(
        tau_days={k: v for k, v in tau_days.items() if protocol is None or k in known},
        gamma_days={k: v for k, v in gamma_days.items() if protocol is None or k in known},
        **{name: value for name, value in others.items() if value is not None},
    )


def analyze_folder(
    study: Study,
    settings: Settings,
    *,
    source: str,
    out: Path | None,
    plots: bool | None = None,
    progress: Told | None = None,
) -> Analysed:
    """Analyse a study and write result, tables, plots and what was learnt to `out` (none: nothing is written).

    plots : None draws them where matplotlib is installed.

    Raises
    ------
    AnalysisError
        As `analyze`; matplotlib is missing; the folder cannot be written.
    """
    if out is not None and plots:
        drawing.load_pyplot()  # that it is missing is said before the work, and before anything is written
    result = analyze(study, settings, progress)
    recovery = recover_from(source, result)
    if out is not None:
        wanted = installed("matplotlib") if plots is None else plots
        drawn = drawing.plots(study, result) if wanted else iter(())
        _keep_models(out, result)
        text.write(out, chain(_recovery_files(recovery), drawn, text.files(result)))
    return Analysed(study, result, recovery, out)


def _keep_models(out: Path, result: AnalysisResult) -> None:
    """What each embedder learnt, as models/NAME.npz: --embedder takes it again."""
    for answer in result.answers:
        if answer.scored.fitted is not None:
            try:
                save(answer.scored.fitted, out / "models" / drawing.safe(answer.name))
            except OSError as error:
                raise AnalysisError(str(Fault("--out", str(out), "a folder of yours", f"{error.strerror}."))) from None


def recover_from(source: str, result: AnalysisResult) -> tuple[Recovery, ...]:
    """What an analysis recovers of the truth of the dataset it read; nothing where the folder has none."""
    truth = truth_of(source)
    return () if truth is None else recover(result, truth)


def truth_of(source: str) -> Truth | None:
    """The truth of a dataset's folder, or None: a real study's, a table, or a copy without `truth/`."""
    target = Target(source)
    if not (target.exists(MANIFEST) and target.exists(TRUTH_MANIFEST)):
        return None
    return Truth.of_dataset(Dataset(source))


def _recovery_files(recovery: tuple[Recovery, ...]) -> Iterator[tuple[str, bytes]]:
    if recovery:
        rows: list[Mapping[str, Any]] = [asdict(found) for one in recovery for found in one.found]
        yield "recovery.csv", pl.DataFrame(rows).fill_nan(None).write_csv(line_terminator="\n").encode()
        heads = [{k: v for k, v in asdict(one).items() if k != "found"} for one in recovery]
        yield "recovery.json", (json.dumps(heads, indent=1, allow_nan=True) + "\n").encode()


def place_of(source: str, out: Path | None) -> Path:
    """Where an analysis is written: `out`, or `analysis` in or beside a local source.

    Raises
    ------
    AnalysisError
        A source that is not local, and no `out`.
    """
    if out is not None:
        return out
    if "://" in source:
        raise AnalysisError(str(Fault("--out", "nothing", "a local folder", "The source is not local.")))
    path = Path(source)
    return path / "analysis" if path.is_dir() else path.with_name(f"{path.stem}-analysis")
