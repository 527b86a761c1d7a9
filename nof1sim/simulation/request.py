"""From what a user asked for to checked trials: nothing is written or drawn here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Fault, InputError, ProtocolError, refuse
from ..protocol import Protocol, load_protocol, protocol_from, with_changes
from ..severity.given import Given, read_severities
from ..severity.schedule import cut, fit_default

TWINS = ("other_sequence", "no_treatment", "zero_effect")
"""Counterfactual twins: the same people, faces, noise and cameras; another sequence, no treatment, effect zero."""


@dataclass(frozen=True, slots=True)
class Table:
    """A user's table of severities, as asked for on the command line."""

    path: Path
    columns: str | None = None
    scale: str = "0:3"
    missing: Any = "error"


@dataclass(frozen=True, slots=True)
class Trial:
    """One dataset to make: its protocol, its folder, and the user's severities if any."""

    protocol: Protocol
    out: Path
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What one command makes: a trial and, if asked, its twins."""

    protocol: Protocol
    given: Given | None = None
    twins: bool = False
    notes: tuple[str, ...] = field(default=())

    def trials(self, out: Path) -> Iterator[Trial]:
        """The trial in `out`, its twins in the sibling folder `out-twins`."""
        yield Trial(self.protocol, out, self.given)
        for kind in TWINS if self.twins else ():
            twin = with_changes(self.protocol, design={"counterfactual": kind})
            yield Trial(twin, out.parent / f"{out.name}-twins" / kind.replace("_", "-"))


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
) -> Job:
    """Check a request and say, in `notes`, what was decided for the user.

    Raises
    ------
    ProtocolError, UnknownNameError, InputError
        Anything in the request, the protocol or the table that cannot be carried out.
    """
    if table is not None:
        return _prepare_given(table, protocol, patients, days, seed, images, marks, twins)
    chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol or "default")
    if chosen.given is not None:
        raise InputError("--protocol: it describes a table of severities. Give the table itself: --severity-csv FILE.")
    notes: list[str] = []
    chosen = with_changes(chosen, **_changes(patients, seed, images, marks))
    if days is not None and protocol is None:
        chosen, sentence = fit_default(chosen, days)
        notes.append(sentence)
    elif days is not None:
        chosen = cut(chosen, days)
    return Job(chosen, twins=twins, notes=tuple(notes))


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
    text = str(seed).strip()
    if not re.fullmatch(r"\d{1,18}", text):
        fault = Fault("--seed", seed, "an integer from 0 to 999999999999999999", "Write it in digits, such as 0 or 42.")
        raise ProtocolError(str(fault), [fault])
    return int(text)


def _prepare_given(
    table: Table,
    protocol: str | Path | Protocol | None,
    patients: int | None,
    days: int | None,
    seed: int | str | None,
    images: Mapping[str, Any] | None,
    marks: str | None,
    twins: bool,
) -> Job:
    faults = []
    if twins:
        why = "Another sequence would need a model of what the treatment does; simulate from a protocol instead."
        faults.append(Fault("--twins", True, "not together with --severity-csv", why))
    if protocol is not None:
        faults.append(Fault("--protocol", str(protocol), "not together with --severity-csv", "Leave one of them out."))
    if days is not None:
        faults.append(Fault("--days", days, "not together with --severity-csv", "The table says how long it is."))
    refuse(faults, "The command")
    given = read_severities(
        table.path, parse_columns(table.columns), scale=parse_scale(table.scale), missing=table.missing
    )
    if patients is not None:
        count = len(given.patient_ids)
        if not 1 <= patients <= count:
            fault = Fault("--patients", patients, f"1 to {count}, the patients of the table")
            raise ProtocolError(str(fault), [fault])
        given = given.patients(0, patients)
    made = with_changes(protocol_of(given, table), **_changes(None, seed, images, marks))
    return Job(made, given, notes=tuple(given.notes))


def protocol_of(given: Given, table: Table) -> Protocol:
    """The protocol that describes a table: its arms and its sequence are the table's, its effects are unknown."""
    low, high = parse_scale(table.scale)
    arms = given.arm_names or {"none": "None"}
    return protocol_from(
        {
            "name": "given",
            "title": "Severities given by the user",
            "description": "The trajectories are the user's; the effects behind them are unknown (0 here).",
            "cohort": {"patients": len(given.patient_ids), "ids": list(given.patient_ids)}
            | ({"start_date": given.first_date.isoformat()} if given.first_date else {}),
            "design": {"arms": list(arms), "sequence": "given", "baseline_days": 0},
            "treatments": {arm: {"label": label} for arm, label in arms.items()},
            "severity": {"parameters": "given", "model": "score"},
            "condition": {"marks": "fast"},
            "given": {
                "sha256": given.sha256,
                "days": given.days,
                "scale_low": low,
                "scale_high": high,
                "missing": table.missing,
            },
        }
    )


def parse_columns(text: str | None) -> dict[str, str] | None:
    """`severity=EASI,patient_id=Subject` as a dict."""
    if not text:
        return None
    pairs = [part.split("=", 1) for part in text.split(",")]
    if any(len(pair) != 2 or not all(map(str.strip, pair)) for pair in pairs):
        allowed = "name=column pairs, such as severity=EASI,patient_id=Subject"
        raise InputError(f"--columns: got {text!r}; allowed: {allowed}.")
    return {ours.strip(): theirs.strip() for ours, theirs in pairs}


def parse_scale(text: str) -> tuple[float, float]:
    """`0:3` as (0.0, 3.0)."""
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        low = high = 0.0
    if not low < high:
        raise InputError(f"--scale: got {text!r}; allowed: low:high with low < high, such as 0:3 or 0:72.")
    return low, high


def plan_of(dataset: Path | None, protocol: str | None, seed: str | None, size: int | None) -> Any:
    """The Plan behind a dataset folder, or behind a protocol."""
    from .plan import Plan

    if dataset is None:
        return Plan(prepare(protocol, seed=seed, images={"size_px": size}).protocol)
    if protocol or seed or size:
        raise InputError("--dataset: the folder's own protocol is used; leave out --protocol, --seed and --size.")
    from ..dataset.reader import open_dataset
    from .given_file import given_of

    folder = open_dataset(str(dataset))
    made = Protocol.model_validate(folder.truth_manifest["protocol"])
    return Plan(made, given_of(folder, made))
