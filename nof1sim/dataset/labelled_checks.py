"""What can be wrong with rows of labels, one small check each."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..errors import Fault, InputError, did_you_mean
from .labelled_rows import SPLITS, Labelled, Row, Rows

_NAMED_GRADE = re.compile(r"lev(?:le|el)(\d)", re.IGNORECASE)

Checked = tuple[tuple[Labelled, ...], tuple[Fault, ...], tuple[Fault, ...]]


def checked(folder: Path, images: Sequence[str], found: Rows, classes: Mapping[str, str] | None) -> Checked:
    """The rows in order (by path), the faults and the warnings; see `labelled.read_labelled`.

    classes : every way to write a class -> the class; None: any label is allowed.
    """
    faults: list[Fault] = []
    known = frozenset(images)
    root = folder.resolve()
    good: list[tuple[Row, Labelled]] = []
    named: set[str] = set()
    for row in found.rows:
        path = _inner(row.file)
        fault = _path_fault(row, path, root, known)
        if path is not None and path in known:
            named.add(path)
        label = row.label if classes is None else classes.get(row.label, classes.get(row.label.lower()))
        if fault := fault or _value_fault(row, label, classes):
            faults.append(fault)
        elif path is not None and label is not None:
            good.append((row, Labelled(path, label, row.person, row.split)))
    rows = _one_each(good, faults)
    rows = _hashed(folder, rows, faults)
    rows = _distinct(rows, found.has_persons, faults)
    faults += [
        Fault(path, "an image without a label", "a row for every image", "Add it to the labels, or take it away.")
        for path in images
        if path not in named
    ]
    rows = tuple(sorted(rows, key=lambda row: row.path))
    _refuse_shared_persons(rows)
    return rows, tuple(faults), tuple(_named_otherwise(rows))


def _inner(file: str) -> str | None:
    """A path relative to the folder in POSIX form; None if it leads elsewhere."""
    text = file.replace("\\", "/")
    if not text or "\0" in text or text.startswith("/") or PureWindowsPath(file).drive or ".." in text.split("/"):
        return None
    return PurePosixPath(text).as_posix()


def _path_fault(row: Row, path: str | None, root: Path, known: frozenset[str]) -> Fault | None:
    if not row.file:
        return Fault(row.where, "", "the name of an image", "Fill in the file, or remove the row.")
    inside = "a path within the folder, no link that leaves it"
    if path is None:
        return Fault(row.where, row.file, inside, "Nothing outside the folder is read.")
    place = root / path
    if not place.resolve().is_relative_to(root):
        return Fault(row.where, row.file, inside, "Put the image itself into the folder.")
    if not place.is_file():
        return Fault(row.where, row.file, "an image of the folder", did_you_mean(path, known) or "Is it missing?")
    if path not in known:
        return Fault(row.where, row.file, "an image file (.jpg, .png ...)", "Convert it, or remove the row.")
    return None


def _value_fault(row: Row, label: str | None, classes: Mapping[str, str] | None) -> Fault | None:
    where = f"{row.where} ({row.file})" if row.where != row.file else row.file
    if not row.label:
        return Fault(where, "", "a label", "Fill it in, or remove the row.")
    if label is None and classes is not None:
        names = ", ".join(dict.fromkeys(classes.values()))
        return Fault(where, row.label, f"the classes {names}", did_you_mean(row.label, classes) or "See --classes.")
    if row.person == "":
        return Fault(where, "", "a person in each row", "Who is it? An image of nobody known can be in no split.")
    if row.split is not None and row.split not in SPLITS:
        return Fault(where, row.split, f"the splits {', '.join(SPLITS)}")
    return None


def _one_each(good: Iterable[tuple[Row, Labelled]], faults: list[Fault]) -> list[Labelled]:
    """One row an image: a second that says the same is dropped, contradicting ones are dropped all."""
    groups: dict[str, list[tuple[Row, Labelled]]] = defaultdict(list)
    for row, labelled in good:
        groups[labelled.path].append((row, labelled))
    kept = []
    for path, group in groups.items():
        if len({labelled for _, labelled in group}) == 1:
            kept.append(group[0][1])
            faults += [Fault(row.where, path, "one row an image", "The same again: left out.") for row, _ in group[1:]]
        else:
            said = "; ".join(f"{row.where}: {_said(labelled)}" for row, labelled in group)
            faults.append(Fault(path, said, "one label, person and split an image", "Which is right? Left out."))
    return kept


def _hashed(folder: Path, rows: Iterable[Labelled], faults: list[Fault]) -> list[Labelled]:
    """The rows with the hash of their file; an empty or unreadable file is a fault."""
    kept = []
    for row in rows:
        try:
            with (folder / row.path).open("rb") as file:
                if not file.read(1):
                    faults.append(Fault(row.path, "an empty file", "an image", "Copy it again."))
                    continue
                file.seek(0)
                kept.append(replace(row, sha256=hashlib.file_digest(file, "sha256").hexdigest()))
        except OSError as error:
            faults.append(Fault(row.path, error.strerror, "an image that can be read"))
    return kept


def _distinct(rows: Iterable[Labelled], persons: bool, faults: list[Fault]) -> tuple[Labelled, ...]:
    """Of byte-identical images that agree, the first by path; of those that disagree, none."""
    groups: dict[str, list[Labelled]] = defaultdict(list)
    for row in rows:
        groups[row.sha256].append(row)
    kept = []
    for group in groups.values():
        group.sort(key=lambda row: row.path)
        if len({(row.label, row.person, row.split) for row in group}) == 1:
            kept.append(group[0])
            faults += [
                Fault(row.path, f"the same bytes as {group[0].path}", "each image once", "A copy: left out.")
                for row in group[1:]
            ]
            continue
        differ = [name for name in ("label", "person", "split") if len({getattr(row, name) for row in group}) > 1]
        said = "; ".join(f"{row.path}: {_said(row)}" for row in group)
        allowed = f"one {' and one '.join(differ)} for byte-identical images"
        faults.append(Fault(group[0].path, said, allowed, "Which is right? All of them are left out."))
    return tuple(kept)


def _refuse_shared_persons(rows: Iterable[Labelled]) -> None:
    splits: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if row.person is not None and row.split is not None:
            splits[row.person].setdefault(row.split, row.path)
    shared = {person: found for person, found in splits.items() if len(found) > 1}
    if shared:
        lines = [f"  {person}: " + ", ".join(f"{split} ({path})" for split, path in sorted(found.items()))
                 for person, found in sorted(shared.items())]  # fmt: skip
        raise InputError(
            f"The labels put {len(shared)} person{'s' if len(shared) > 1 else ''} into more than one split; allowed: "
            "all images of a person in one split, or what is learnt of a face is tested on the same face. "
            "Move them, or leave the column out.\n" + "\n".join(lines)
        )


def _named_otherwise(rows: Iterable[Labelled]) -> Iterable[Fault]:
    """ACNE04 names its files by grade; 42 of its names disagree with its labels."""
    for row in rows:
        found = _NAMED_GRADE.match(PurePosixPath(row.path).name)
        if found and row.label.isdigit() and int(row.label) != int(found[1]):
            yield Fault(row.path, f"label {row.label}", f"the grade of its name, {found[1]}", "The label is used.")


def _said(row: Labelled) -> str:
    parts = [f"label {row.label}"]
    parts += [f"person {row.person}"] if row.person is not None else []
    parts += [f"split {row.split}"] if row.split is not None else []
    return ", ".join(parts)
