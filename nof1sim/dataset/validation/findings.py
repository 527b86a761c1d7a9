"""What a validation found, and the document that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Severity = Literal["error", "warning"]
State = Literal["finished", "blinded", "unfinished", "none"]
"""What the folder is: a finished dataset; one without its truth/; one that a run has not finished; no dataset."""

FORMAT = "nof1sim-validation"
SCHEMA_VERSION = 1
LONGEST = 500
"""Letters of a text that are kept."""
KEPT = 20
"""Findings of one check that are kept; the others are counted. A folder of 300,000 broken files has one cause."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which check found it, in which file ("" for the whole folder), what, what to do."""

    check: str
    path: str
    what: str
    advice: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Checked:
    """One check that was run. `looked_at`: how many things (files, rows, pictures, as `of` says).

    skipped : why it was not run, or "".
    """

    name: str
    title: str
    of: str
    looked_at: int
    errors: int
    warnings: int
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """The outcome. `valid`: a dataset, finished, and nothing is wrong (warnings do not count).

    notes : what a reader should know that is not wrong, such as a dataset that comes without its truth/.
    """

    state: State
    digest: str
    checks: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether exit status is 0."""
        return self.state in ("finished", "blinded") and not any(check.errors for check in self.checks)

    def document(self) -> dict[str, Any]:
        """What `validate --json` prints; its schema is schemas/validation.v1.json."""
        return {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "valid": self.valid,
            "state": self.state,
            "digest": self.digest,
            "notes": list(self.notes),
            "checks": [_fields(check) for check in self.checks],
            "findings": [_fields(finding) for finding in self.findings],
        }


def _fields(thing: Checked | Finding) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


@dataclass(slots=True)
class Log:
    """Where a check reports to. `errors`, `warnings`: all that were reported; `kept`: the first of them."""

    check: str
    errors: int = 0
    warnings: int = 0
    kept: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def error(self, path: str, what: str, advice: str) -> None:
        """Something is wrong."""
        self.errors += 1
        self._keep(Finding(self.check, path, what, advice))

    def warn(self, path: str, what: str, advice: str) -> None:
        """Something is odd, and the dataset is usable all the same."""
        self.warnings += 1
        self._keep(Finding(self.check, path, what, advice, "warning"))

    def note(self, text: str) -> None:
        """Something that a reader should know, and that is not wrong."""
        self.notes.append(text)

    def _keep(self, finding: Finding) -> None:
        if len(self.kept) < KEPT:
            path, what = (_printable(text) for text in (finding.path, finding.what))
            self.kept.append(replace(finding, path=path, what=what))


def _printable(text: str) -> str:
    """Names of files may be anything but text."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in shown)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def lines(validation: Validation) -> Iterator[str]:
    """The findings and the verdict as sentences."""
    for found in validation.findings:
        where = f"{found.path}: " if found.path else ""
        yield f"{found.severity} [{found.check}] {where}{found.what} {found.advice}".rstrip()
    for check in validation.checks:
        left_out = check.errors + check.warnings - sum(found.check == check.name for found in validation.findings)
        if left_out:
            yield f"... and {left_out} more of [{check.name}]."
    yield verdict(validation)


def verdict(validation: Validation) -> str:
    """One sentence."""
    errors, warnings = (sum(getattr(check, kind) for check in validation.checks) for kind in ("errors", "warnings"))
    if validation.valid:
        odd = f" ({warnings} warning{'s' * (warnings != 1)})" if warnings else ""
        return f"Nothing is wrong{odd}."
    if validation.state == "unfinished":
        return "This is an unfinished dataset."
    if validation.state == "none":
        return "This is no dataset."
    return f"{errors} thing{'s are' if errors != 1 else ' is'} wrong."
