"""Who and what a grader has seen in training, and what of it is among other examples.

A photograph is known again by its pixels, by its bytes, and as the source of an edited one (`nof1sim balance` writes
the column `source` in labels.csv, `sha256_source` in the manifest.csv beside it); a person by name: among photographs
of the user's everywhere, in simulated data, where a name is a number, only within the same data.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ..dataset.labelled_rows import IMAGE_SUFFIXES, KNOWN_NAMES
from .examples import Example, Examples
from .pictures import Pictures
from .saved import Grader

MANIFEST = "manifest.csv"
TABLES = (".csv", ".tsv")


def origins(folder: Path, labels: Path | None, columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """File -> path and SHA-256 of the photograph that it was made from, as far as the tables tell.

    labels : the label table; the manifest lies beside it, or in the folder.  columns : see `read_labelled`.
    """
    names = (columns["file"],) if "file" in columns else KNOWN_NAMES["file"]
    found: dict[str, list[str]] = defaultdict(list)
    if labels is not None:
        for file, source in _pairs(labels, names, "source"):
            if PurePosixPath(source).suffix.lower() in IMAGE_SUFFIXES:  # a column "source" may as well name a clinic
                found[file].append(source)
    for file, digest in _pairs((labels.parent if labels else folder) / MANIFEST, KNOWN_NAMES["file"], "sha256_source"):
        found[file].append(digest)
    return {file: tuple(made_of) for file, made_of in found.items()}


def _pairs(table: Path, files: Iterable[str], column: str) -> Iterator[tuple[str, str]]:
    """(file, value of a column) of the rows of a table that have both; nothing where there is no such table."""
    if table.suffix.lower() not in TABLES or not table.is_file():
        return
    lines = table.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    delimiter = max(",;\t", key=(lines or [""])[0].count)
    for row in csv.DictReader(lines, delimiter=delimiter):
        file = next((row[name] for name in files if row.get(name)), "")
        if file and row.get(column):
            yield PurePosixPath(file.replace("\\", "/").strip()).as_posix(), row[column].strip()


def traces(examples: Examples, items: Iterable[Example]) -> list[str]:
    """By what else than pixels the photographs of a training, and whom they show, are known again: names of persons,
    SHA-256 of files, sources. Of simulated data nothing: there `identity` tells."""
    if examples.kind == "dataset":
        return []
    found = set()
    for item in items:
        found |= {item.key, *item.made_of}
        if item.person not in item.paths:  # else it is a file's name, for persons are not told
            found.add(item.person)
    return sorted(found - {""})


def seen(grader: Grader, pictures: Pictures) -> list[str]:
    """Names of the examples that were in the training or validation part, or whose person was."""
    data, examples = grader.about["data"], pictures.examples
    keys, known = set(data["keys"]), set(data.get("seen", ()))
    trained = {*grader.split.people.get("train", ()), *grader.split.people.get("val", ())}
    own = bool(data["identity"]) and data["identity"] == examples.identity
    both = zip(examples.items, pictures.keys(), strict=True)
    return [
        item.name
        for item, key in both
        if key in keys or (own and item.person in trained) or known & _of(examples, item, bool(known))
    ]


def _of(examples: Examples, item: Example, wanted: bool) -> set[str]:
    """What an example may be known by, beside its pixels."""
    if examples.kind == "dataset" or not wanted:
        return set()
    digests = [item.key] if item.key else [hashlib.sha256(examples.read(path)).hexdigest() for path in item.paths]
    return {item.person, *item.made_of, *digests}


def seen_note(grader: Grader, pictures: Pictures) -> tuple[str, ...]:
    """A note where examples, or their people, were in the training."""
    names = seen(grader, pictures)
    if not names:
        return ()
    return (
        f"{len(names)} of {len(pictures.examples)} examples show people or photographs that the grader was trained on "
        f"(the first: {names[0]}). Their scores follow their labels more closely than a stranger's would; better use a "
        "grader that was trained on other people.",
    )


def crop_notes(grader: Grader, crops: Mapping[str, int]) -> tuple[str, ...]:
    """Notes on photographs that were used whole, and a warning where the training's were cut out in another way."""
    whole, total = crops.get("whole", 0), sum(crops.values())
    learnt: Mapping[str, int] = grader.about["preprocessing"]["crops"]
    learnt_whole = 2 * learnt.get("whole", 0) > sum(learnt.values())
    notes = [f"{whole} photographs were used whole, for no face was found."] if whole else []
    find = "put key points beside them (nof1sim landmarks), or install a face pack"
    if whole and not learnt_whole:
        notes.append(
            f"Warning: the grader learnt from faces that were cut out, but {whole} of {total} photographs here are "
            f"whole, and their grades mean little: {find}."
        )
    if learnt_whole and whole < total:
        notes.append(
            f"Warning: the grader learnt from whole photographs, but of {total - whole} of {total} here the face is "
            f"cut out, and their grades mean little: train it again with faces cut out ({find})."
        )
    return tuple(notes)
