"""From what a user asked for to checked trials: nothing is written or drawn here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Fault, InputError, ProtocolError, refuse
from ..protocol import Protocol, load_protocol, protocol_from, with_changes
from ..protocol.types import Cohort
from ..severity.given import Given, read_severities
from ..severity.schedule import cut, fit_default
from .faces import with_faces
from .given_file import canonical

TWINS = ("other_sequence", "no_treatment", "zero_effect")
"""Counterfactual twins: the same people, faces, noise and cameras; another sequence, no treatment, effect zero."""


@dataclass(frozen=True, slots=True)
class Table:
    """A user's table of severities. What is None is taken from the protocol, or else is 0 to 3 and "error".

    columns : our column -> the file's, such as {"severity": "EASI"}.  scale : (low, high) of its severities.
    missing : "error", "skip" or "interpolate".
    """

    path: Path
    columns: Mapping[str, str] | None = None
    scale: tuple[float, float] | None = None
    missing: Any = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One dataset to make: its protocol, its folder (or URL), and the user's severities if any."""

    protocol: Protocol
    out: str
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What one command makes: a trial and, if asked, its twins."""

    protocol: Protocol
    given: Given | None = None
    twins: bool = False
    notes: tuple[str, ...] = field(default=())

    def trials(self, out: str) -> Iterator[Trial]:
        """The trial in `out`, its twins in the sibling folder `out-twins`."""
        yield Trial(self.protocol, out, self.given)
        beside = out.rstrip("/") if "://" in out or Path(out).name else str(Path(out).resolve())
        for kind in TWINS if self.twins else ():
            twin = with_changes(self.protocol, design={"counterfactual": kind})
            yield Trial(twin, f"{beside}-twins/{kind.replace('_', '-')}")


def prepare(
    protocol: str | Path | Protocol | None = None,
    *,
    patients: int | None = None,
    days: int | None = None,
    seed: int | str | None = None,
    images: Mapping[str, Any] | None = None,
    marks: str | None = None,
    table: Table | None = None,
    twins: bool = False,
    faces: str | Path | None = None,
    consent: str | None = None,
) -> Job:
    """Check a request and say, in `notes`, what was decided for the user.

    Parameters
    ----------
    protocol : a file, a shipped name or a Protocol; default "default". With `table`, only its settings (images,
        condition, seed, people) are used.
    patients, days, seed, images, marks : replace what the protocol says; without a protocol, `days` fits the design.
    table : the user's own severities.
    twins : also the counterfactual twins.
    faces, consent : a folder of photographs that become the patients (`--renderer portrait`), and the consent for it.

    Raises
    ------
    ProtocolError, UnknownNameError, InputError
        Anything in the request, the protocol or the table that cannot be carried out.
    """
    changes = _changes(patients, seed, images, marks)
    if table is not None:
        _refuse_with_a_table(days, twins)
        settings = None if protocol is None else _loaded(protocol)
        start = (settings.cohort if settings else Cohort()).start_date
        given = canonical(_first_patients(_read(table, settings), patients), start)
        made, said = with_faces(with_changes(_protocol_of(given, settings), **changes), faces, consent)
        return Job(made, given, notes=(*given.notes, *said))
    chosen = _loaded(protocol or "default")
    if chosen.given is not None:
        raise InputError("--protocol: it describes a table of severities. Give the table, too: --severity-csv FILE.")
    chosen = with_changes(chosen, **changes)
    notes: tuple[str, ...] = ()
    if days is not None and protocol is not None:
        chosen = cut(chosen, days)
    elif days is not None:
        chosen, sentence = fit_default(chosen, days)
        notes = (sentence,)
    chosen, said = with_faces(chosen, faces, consent)
    return Job(chosen, twins=twins, notes=(*notes, *said))


def _loaded(protocol: str | Path | Protocol) -> Protocol:
    return protocol if isinstance(protocol, Protocol) else load_protocol(protocol)


def _changes(
    patients: int | None, seed: int | str | None, images: Mapping[str, Any] | None, marks: str | None
) -> dict[str, Any]:
    changes: dict[str, Any] = {"images": {key: value for key, value in (images or {}).items() if value is not None}}
    if patients is not None:
        changes["cohort"] = {"patients": patients}
    if seed is not None:
        changes["seed"] = integer_seed(seed)
    if marks is not None:
        changes["condition"] = {"marks": marks}
    return changes


def integer_seed(seed: int | str) -> int:
    """A seed from the command line: an integer >= 0; 0 is valid."""
    if not re.fullmatch(r"[0-9]{1,30}", str(seed)):
        fault = Fault("--seed", seed, "an integer from 0 to 2**63 - 1", "Write it in digits, such as 0 or 42.")
        raise ProtocolError(str(fault), [fault])
    return int(seed)


def _refuse_with_a_table(days: int | None, twins: bool) -> None:
    faults = []
    if twins:
        why = "Another sequence would need a model of what the treatment does; simulate from a protocol instead."
        faults.append(Fault("--twins", True, "not together with --severity-csv", why))
    if days is not None:
        faults.append(Fault("--days", days, "not together with --severity-csv", "The table says how long it is."))
    refuse(faults, "The command")


def _read(table: Table, settings: Protocol | None) -> Given:
    known = settings.given if settings else None
    scale = table.scale or ((known.scale_low, known.scale_high) if known else (0.0, 3.0))
    missing = table.missing or (known.missing if known else "error")
    return read_severities(table.path, table.columns, scale=scale, missing=missing)


def _first_patients(given: Given, patients: int | None) -> Given:
    """The first patients of a table."""
    if patients is None:
        return given
    if not 1 <= patients <= len(given):
        fault = Fault("--patients", patients, f"1 to {len(given)}, the patients of the table")
        raise ProtocolError(str(fault), [fault])
    return given.patients(0, patients)


def _protocol_of(given: Given, settings: Protocol | None) -> Protocol:
    """The protocol that describes a table: its arms and its sequence are the table's, its effects are unknown."""
    kept = (
        settings.model_dump(mode="json") if settings else {"condition": {"marks": "fast", "scars": False}, "cohort": {}}
    )
    arms = given.arm_names or {"none": "None"}
    cohort = {key: value for key, value in kept["cohort"].items() if key in ("age_years", "sex", "fitzpatrick")}
    cohort["start_date"] = str(given.first_date)
    return protocol_from(
        {
            "name": "given",
            "title": "Severities given by the user",
            "description": "The trajectories are the user's; the effects behind them are unknown (0 here).",
            "seed": kept.get("seed", 0),
            "cohort": {"patients": len(given), "ids": list(given.patient_ids), **cohort},
            "design": {"arms": list(arms), "sequence": "given", "baseline_days": 0},
            "treatments": {arm: {"label": label} for arm, label in arms.items()},
            "severity": {"parameters": "given", "model": "score"},
            "condition": kept["condition"],
            "images": kept.get("images", {}),
            "given": {
                "sha256": given.sha256,
                "days": given.days,
                "scale_low": given.scale[0],
                "scale_high": given.scale[1],
                "missing": given.missing,
            },
        }
    )


def parse_columns(text: str | None) -> dict[str, str] | None:
    """`severity=EASI,patient_id=Subject` as a dict."""
    if text is None:
        return None
    pairs = [part.split("=", 1) for part in text.split(",")]
    if any(len(pair) != 2 or not all(map(str.strip, pair)) for pair in pairs):
        allowed = "name=column pairs separated by commas"
        raise InputError(f"--columns: got {text!r}; allowed: {allowed}. Write severity=EASI,patient_id=Subject.")
    return {ours.strip(): theirs.strip() for ours, theirs in pairs}


def parse_scale(text: str | None) -> tuple[float, float] | None:
    """`0:3` as (0.0, 3.0)."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise InputError(f"--scale: got {text!r}; allowed: low:high with low < high. Write 0:3 or 0:72.")
    return low, high


def plan_of(
    dataset: str | None, protocol: str | None, seed: str | None, size: int | None, patients: int | None = None
) -> Any:
    """The Plan behind a dataset folder, or behind a protocol; the default protocol with so many `patients`."""
    from .plan import Plan

    if dataset is None:
        count = patients if protocol is None else None
        return Plan(prepare(protocol, seed=seed, patients=count, images={"size_px": size}).protocol)
    if protocol or seed or size:
        raise InputError("--dataset: the folder's own protocol is used; leave out --protocol, --seed and --size.")
    from ..dataset.reader import open_dataset
    from .given_file import given_of

    folder = open_dataset(dataset)
    made = Protocol.model_validate(folder.truth_manifest["protocol"])
    return Plan(made, given_of(folder, made))
